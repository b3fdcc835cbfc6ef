// oidc-provider: an OpenID provider that nobody here wrote, with one client and one account.
//
// In:  one JSON argument: {"port", "client_id", "client_secret", "redirect_uri", "client", "account"}; `client` holds more
//      of the client's metadata, and `account` the account's claims.
// Out: a line with {"issuer"} as soon as it listens on 127.0.0.1; it ends with stdin.
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const { port, client_id, client_secret, redirect_uri, client: more, account } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const client = {
  client_id,
  client_secret,
  redirect_uris: [redirect_uri],
  response_types: ["code"],
  grant_types: ["authorization_code", "refresh_token"],
  ...more,
};
const pairs = await Promise.all(["RS256", "ES256", "EdDSA"].map((alg) => generateKeyPair(alg, { extractable: true })));
const keys = await Promise.all(pairs.map(({ privateKey }) => exportJWK(privateKey)));

console.warn = console.info = () => undefined; // that everything is kept in memory only is what a test wants
const provider = new Provider(issuer, {
  clients: [client],
  jwks: { keys },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username", "groups"] },
  cookies: { keys: ["a key for the cookies of a test"] },
  features: { devInteractions: { enabled: true } },
  issueRefreshToken: async () => true, // without prompt=consent too, as most providers do
  pkce: { required: () => true },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ ...account, sub: id }) }),
});

const server = provider.listen(port, "127.0.0.1", () => process.stdout.write(`${JSON.stringify({ issuer })}\n`));
process.stdin.resume().on("end", () => server.close(() => process.exit()) && server.closeAllConnections());
