// oidc-client-ts in a single-page application, in a real Chromium: sign-in by redirect, userinfo and token requests
// across origins, renewal by refresh token, sign-out.
//
// Input:  port (the page's, whose /callback and / are registered), issuer, client_id, scope, email, password,
//         executable_path, args, and optionally resource, env.
// Output: profile, before and after (tokens around the renewal), violations (CSP and CORS complaints), signed_out_at.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { main } from "./io.mjs";

const PAGE = `<!doctype html><title>spa</title><p id="state">starting</p>
<script src="/oidc-client-ts.js"></script><script src="/app.js"></script>`;

function settings({ port, issuer, client_id, scope, resource }) {
  const origin = `http://localhost:${port}`;
  return {
    authority: issuer, client_id, scope, resource, response_type: "code", loadUserInfo: true,
    redirect_uri: `${origin}/callback`, post_logout_redirect_uri: `${origin}/`, automaticSilentRenew: false,
  };
}

function app(options) {
  return `
    const manager = new oidc.UserManager(${JSON.stringify(options)});
    const say = (text) => { document.getElementById("state").textContent = text; };
    const fail = (error) => say("failed: " + error.name + ": " + error.message);
    const leave = (go) => { say("leaving"); go().catch(fail); };
    if (location.pathname === "/callback")
      manager.signinCallback().then(() => say("signed in")).catch(fail);
    else
      manager.getUser().then((user) => say(user ? "signed in" : "ready")).catch(fail);`;
}

async function serve(input) {
  const bundle = await readFile(new URL("node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js", import.meta.url));
  const files = { "/oidc-client-ts.js": bundle, "/app.js": app(settings(input)) };
  const server = createServer((request, response) => {
    const script = files[new URL(request.url, "http://localhost").pathname];
    response.writeHead(200, { "Content-Type": script ? "text/javascript" : "text/html" }).end(script ?? PAGE);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(input.port, "127.0.0.1", resolve));
  return server;
}

async function answerPages(page, { email, password }) {
  const ended = page.locator("#state", { hasText: /^(signed in|failed)/ });
  const [passwordField, allow] = [page.locator('[name="password"]'), page.locator('[name="decision"][value="allow"]')];
  for (let pages = 0; pages < 6; pages += 1) {
    await ended.or(passwordField).or(allow).first().waitFor();
    if (await ended.isVisible()) return settled(page);
    const left = page.waitForEvent("framenavigated");
    if (await passwordField.isVisible()) {
      await page.fill('[name="email"]', email);
      await passwordField.fill(password);
      await passwordField.press("Enter");
    } else {
      await allow.click();
    }
    await left;
  }
  throw new Error(`still at ${page.url()}`);
}

async function settled(page) {
  const state = page.locator("#state", { hasText: /^(ready|signed in|failed)/ });
  await state.waitFor();
  const said = await state.textContent();
  if (said.startsWith("failed")) throw new Error(said);
  return said;
}

await main(async (input) => {
  const server = await serve(input);
  const browser = await chromium.launch({
    executablePath: input.executable_path, args: input.args, env: { ...process.env, ...input.env },
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    const violations = [];
    page.on("console", (message) => {
      if (/Content Security Policy|CORS/.test(message.text())) violations.push(message.text());
    });
    await page.goto(`http://localhost:${input.port}/`);
    await settled(page);
    await page.evaluate(() => leave(() => manager.signinRedirect()));
    await answerPages(page, input);

    const [before, after] = await page.evaluate(async () => {
      const first = await manager.getUser();
      return [first, await manager.signinSilent()];
    });
    await page.evaluate(() => leave(() => manager.signoutRedirect()));
    const signedOut = await settled(page);
    return { profile: before.profile, before, after, violations, signed_out_at: page.url(), state: signedOut };
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
});
