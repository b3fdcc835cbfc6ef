// The library of Standard Webhooks as receiver: {"secret", "body", "headers"} → {"ok": true, "event"} or {"ok": false}.
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { main } from "./io.mjs";

await main(async ({ secret, body, headers }) => {
  try {
    return { ok: true, event: new Webhook(secret).verify(body, headers) };
  } catch (error) {
    if (error instanceof WebhookVerificationError) return { ok: false };
    throw error;
  }
});
