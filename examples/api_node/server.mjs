// The resource server of ../api in about ten lines of Node and jose.
import { createServer } from "node:http";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";

const audience = process.env.API_IDENTIFIER ?? "http://localhost:8002";
const keys = new Map(process.env.API_ISSUERS.split(",").map((issuer) =>
  [issuer, createRemoteJWKSet(new URL(`${issuer}/jwks.json`), { cooldownDuration: 5000 })]));

async function verify(token) {
  const { iss: issuer } = decodeJwt(token);
  if (!keys.has(issuer)) throw new TypeError("untrusted issuer");
  const checks = { issuer, audience, typ: "at+jwt", algorithms: ["RS256"], requiredClaims: ["exp", "sub"] };
  return (await jwtVerify(token, keys.get(issuer), checks)).payload;
}

function answer(response, status, body, challenge) {
  if (challenge) response.setHeader("WWW-Authenticate", challenge);
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

createServer(async (request, response) => {
  if (request.method !== "GET" || request.url !== "/notes") return answer(response, 404, {});
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (!token) return answer(response, 401, {}, "Bearer");
  try {
    const claims = await verify(token);
    if (!(claims.scope ?? "").split(" ").includes("notes:read"))
      return answer(response, 403, {}, 'Bearer error="insufficient_scope", scope="notes:read"');
    answer(response, 200, { issuer: claims.iss, subject: claims.sub, notes: [] });
  } catch {
    answer(response, 401, {}, 'Bearer error="invalid_token"');
  }
}).listen(Number(process.env.API_PORT ?? 8002), "127.0.0.1");
