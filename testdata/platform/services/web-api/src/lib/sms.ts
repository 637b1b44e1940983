import { config } from "../config.js";

/** Sends a text message. Every call costs money. */
export async function sendSms(to: string, text: string): Promise<void> {
  const response = await fetch(config.smsUrl, {
    method: "POST",
    headers: { authorization: `Bearer ${config.smsToken}`, "content-type": "application/json" },
    body: JSON.stringify({ to, text }),
  });
  if (!response.ok) {
    throw new Error(`sms gateway answered ${response.status}`);
  }
}
