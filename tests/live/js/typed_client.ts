// What a team would write against the client that is generated of the document; strict TypeScript, compiled before it
// runs.  Token endpoint, a page after the other, a role made, changed on condition and deleted, and a mistake.
import { changeRole, createRole, deleteRole, getPrincipal, getRole, listRoles, token } from "./client/index.js";
import type { Problem, RoleOut } from "./client/index.js";
import { createClient, createConfig } from "./client/client/index.js";

export interface Input {
  base_url: string;
  tenant_slug: string;
  client_id: string;
  client_secret: string;
}

export interface Seen {
  kind: "user" | "client" | "operator";
  pages: string[][];
  made: RoleOut;
  replayed: string;
  changed: string[];
  missed: Problem;
  refused: Problem;
  deleted: number;
}

export async function run(input: Input): Promise<Seen> {
  const { base_url: baseUrl, tenant_slug } = input;
  const path = { tenant_slug };
  const issuer = `${baseUrl}/t/${tenant_slug}`;
  const given = await token({
    client: createClient(createConfig({ baseUrl, auth: `${input.client_id}:${input.client_secret}` })),
    body: { grant_type: "client_credentials", resource: [`${issuer}/api/v1`] },
    path,
    throwOnError: true,
  });
  const client = createClient(createConfig({ baseUrl, auth: given.data.access_token }));

  const principal = await getPrincipal({ client, path, throwOnError: true });

  const name = `typed-${Date.now().toString(36)}`;
  const headers = { "Idempotency-Key": `make-${name}` };
  const body = { name, permissions: ["users:read"] };
  const made = await createRole({ client, path, headers, body, throwOnError: true });
  const again = await createRole({ client, path, headers, body, throwOnError: true });

  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await listRoles({ client, path, query: { limit: 2, ...(cursor ? { cursor } : {}) }, throwOnError: true });
    pages.push(page.data.items.map((role) => role.name));
    cursor = page.data.next_cursor ?? undefined;
  } while (cursor);

  const role = { tenant_slug, role_id: made.data.id };
  const shown = await getRole({ client, path: role, throwOnError: true });
  const match = { "If-Match": shown.response.headers.get("ETag") ?? "" };
  const changed = await changeRole({
    client, path: role, headers: match, body: { permissions: ["groups:read"] }, throwOnError: true,
  });
  const missed = await changeRole({ client, path: role, headers: match, body: { name: `${name}-2` } });
  const refused = await createRole({ client, path, body: { name: "Not A Name" } });
  const deleted = await deleteRole({ client, path: role });
  if (!missed.error || !refused.error) throw new Error("a mistake was let through");
  return {
    kind: principal.data.kind,
    pages,
    made: made.data,
    replayed: again.data.id,
    changed: changed.data.permissions,
    missed: missed.error,
    refused: refused.error,
    deleted: deleted.response.status,
  };
}
