// openid-client as relying party: everything that it does, once, with one way of authenticating the client.
//
// Input:  issuer, client_id, auth_method, client_secret | private_jwk, redirect_uri, email, password, scope,
//         and optionally resource, post_logout_redirect_uri, machine_scope (asks for client_credentials).
// Output: what each step gave: par, callback, claims, tokens, userinfo, refreshed, active, revoked_active, machine,
//         end_session_url.
import { webcrypto } from "node:crypto";
import * as oidc from "openid-client";
import { main } from "./io.mjs";
import { Visitor } from "./visitor.mjs";

async function clientAuthentication({ auth_method: method, client_secret: secret, private_jwk: jwk }) {
  if (method === "client_secret_basic") return oidc.ClientSecretBasic(secret);
  if (method === "client_secret_post") return oidc.ClientSecretPost(secret);
  if (method === "none") return oidc.None();
  const rs256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await webcrypto.subtle.importKey("jwk", jwk, rs256, false, ["sign"]);
  return oidc.PrivateKeyJwt({ key, kid: jwk.kid });
}

await main(async (input) => {
  const resource = input.resource ? { resource: input.resource } : {};
  const config = await oidc.discovery(
    new URL(input.issuer), input.client_id, undefined, await clientAuthentication(input),
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] },
  );
  const server = config.serverMetadata();

  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
    idTokenExpected: true,
  };
  const parameters = {
    redirect_uri: input.redirect_uri,
    scope: input.scope,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...resource,
  };
  const par = Boolean(server.pushed_authorization_request_endpoint);
  const start = par
    ? await oidc.buildAuthorizationUrlWithPAR(config, parameters)
    : oidc.buildAuthorizationUrl(config, parameters);

  const callback = await new Visitor().signIn(start, input.redirect_uri, input);
  const tokens = await oidc.authorizationCodeGrant(config, callback, checks, resource);
  const claims = tokens.claims();
  const result = { par, start: start.href, callback: Object.fromEntries(callback.searchParams), claims, tokens };

  result.userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  if (tokens.refresh_token)
    result.refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token, resource);

  const last = result.refreshed ?? tokens;
  if (input.auth_method !== "none")
    result.active = (await oidc.tokenIntrospection(config, last.access_token)).active;
  await oidc.tokenRevocation(config, last.refresh_token ?? last.access_token);
  if (input.auth_method !== "none")
    result.revoked_active = (await oidc.tokenIntrospection(config, last.access_token)).active;

  if (input.machine_scope)
    result.machine = await oidc.clientCredentialsGrant(config, { scope: input.machine_scope, ...resource });

  const logout = { id_token_hint: tokens.id_token };
  if (input.post_logout_redirect_uri) logout.post_logout_redirect_uri = input.post_logout_redirect_uri;
  result.end_session_url = oidc.buildEndSessionUrl(config, logout).href;
  return result;
});
