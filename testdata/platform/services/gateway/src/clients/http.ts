import { NotFoundError, type Viewer } from "@lockerline/shared";
import { internalToken } from "../auth.js";
import { config } from "../config.js";

async function request<T>(viewer: Viewer, method: string, url: string, body?: unknown): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${internalToken(viewer)}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(5_000),
  });
  if (response.status === 404) {
    throw new NotFoundError(url);
  }
  if (!response.ok) {
    throw new Error(`${method} ${url}: ${response.status}`);
  }
  return (await response.json()) as T;
}

export interface Parcel {
  id: string;
  tracking_code: string;
  recipient_name: string;
  status: string;
  stored_at: string | null;
}

export class SearchClient {
  parcel(viewer: Viewer, trackingCode: string): Promise<Parcel> {
    return request<Parcel>(viewer, "GET", `${config.searchUrl}/parcels/by-code/${encodeURIComponent(trackingCode)}`);
  }

  parcels(viewer: Viewer, text: string, siteId: string, first: number): Promise<{ items: Parcel[]; total: number }> {
    const query = new URLSearchParams({ text, site_id: siteId, first: String(first) });
    return request(viewer, "GET", `${config.searchUrl}/parcels?${query}`);
  }
}

export interface Branding {
  displayName: string;
  primaryColor: string;
  logoUrl: string | null;
}

export class WebApiClient {
  branding(viewer: Viewer): Promise<Branding> {
    return request<Branding>(viewer, "GET", `${config.webApiUrl}/internal/branding`);
  }

  saveBranding(viewer: Viewer, input: Branding): Promise<Branding> {
    return request<Branding>(viewer, "PUT", `${config.webApiUrl}/internal/branding`, input);
  }
}
