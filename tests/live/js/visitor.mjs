// A browser without a screen: cookies, redirects and HTML forms over fetch, as far as a sign-in needs them.

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeHtml(text) {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex, 16));
  });
}

function attributes(tag) {
  const found = {};
  const inside = tag.replace(/^<\w+|\/?>$/g, "");
  for (const [, name, double, single, bare] of inside.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g))
    found[name.toLowerCase()] = unescapeHtml(double ?? single ?? bare ?? "");
  return found;
}

function forms(html) {
  return [...html.matchAll(/(<form\b[^>]*>)([\s\S]*?)<\/form>/gi)].map(([, open, body]) => {
    const inputs = [...body.matchAll(/<(?:input|button)\b[^>]*>/gi)].map(([tag]) => attributes(tag));
    const hidden = inputs.filter((input) => input.type === "hidden").map((input) => [input.name, input.value ?? ""]);
    return { ...attributes(open), names: new Set(inputs.map((input) => input.name)), hidden };
  });
}

export class Visitor {
  #cookies = new Map();

  /** Go to `url` as the person, fill in what is asked, and return the URL under `redirectUri` that ends it. */
  async signIn(url, redirectUri, { email, password }) {
    const answers = [
      ["password", { email, password }],
      ["decision", { decision: "allow" }],
      ["choice", { choice: "continue" }],
    ];
    let page = await this.#follow(new URL(url), redirectUri);
    for (let pages = 0; page.html !== undefined && pages < 6; pages += 1) {
      const known = forms(page.html);
      const [name, values] = answers.find(([field]) => known.some((form) => form.names.has(field))) ?? [];
      if (!name) throw new Error(`no known form at ${page.url} (${page.status}): ${page.html.slice(0, 800)}`);
      const form = known.find((candidate) => candidate.names.has(name));
      const body = new URLSearchParams([...form.hidden, ...Object.entries(values)]);
      page = await this.#follow(new URL(form.action || page.url, page.url), redirectUri, body);
    }
    if (page.html !== undefined) throw new Error(`still at ${page.url}: ${page.html.slice(0, 800)}`);
    return page.url;
  }

  async #follow(url, redirectUri, body) {
    for (let hops = 0; hops < 12; hops += 1) {
      if (url.href.startsWith(redirectUri)) return { url };
      const headers = { Cookie: this.#cookieHeader(url.host), Accept: "text/html" };
      if (body) Object.assign(headers, { Origin: url.origin, "Sec-Fetch-Site": "same-origin" });
      const response = await fetch(url, { method: body ? "POST" : "GET", body, headers, redirect: "manual" });
      this.#keepCookies(url.host, response.headers.getSetCookie());
      const location = response.headers.get("location");
      if (!location) return { url, status: response.status, html: await response.text() };
      [url, body] = [new URL(location, url), undefined];
    }
    throw new Error(`too many redirects, last to ${url}`);
  }

  #cookieHeader(host) {
    return [...(this.#cookies.get(host) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  #keepCookies(host, lines) {
    const jar = this.#cookies.get(host) ?? new Map();
    this.#cookies.set(host, jar);
    for (const line of lines) {
      const [pair, ...flags] = line.split(/;\s*/);
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      const expires = flags.find((flag) => /^expires=/i.test(flag))?.slice(8);
      const gone = flags.some((flag) => /^max-age=(0|-\d+)$/i.test(flag)) || (expires && Date.parse(expires) < Date.now());
      if (gone) jar.delete(name);
      else jar.set(name, value);
    }
  }
}
