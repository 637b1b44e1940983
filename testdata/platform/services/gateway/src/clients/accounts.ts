import type { Viewer } from "@lockerline/shared";
import { config } from "../config.js";
import { ServiceClient } from "./grpc.js";

export interface Site {
  id: string;
  name: string;
  timezone: string;
  street: string;
  city: string;
  door_code: string;
}

export interface Locker {
  id: string;
  site_id: string;
  code: string;
  size: string;
  status: string;
}

export interface Domain {
  id: string;
  hostname: string;
  status: string;
}

export class AccountsClient {
  private readonly service = new ServiceClient(
    "accounts",
    "lockerline/accounts/v1/accounts.proto",
    "lockerline.accounts.v1",
    "AccountsService",
    config.accountsAddress,
  );

  async listSites(viewer: Viewer): Promise<Site[]> {
    const { sites } = await this.service.call<{ sites: Site[] }>(viewer, "ListSites", {});
    return sites;
  }

  getSite(viewer: Viewer, siteId: string): Promise<Site> {
    return this.service.call<Site>(viewer, "GetSite", { site_id: siteId });
  }

  updateSite(viewer: Viewer, siteId: string, name: string, timezone: string, doorCode: string): Promise<Site> {
    return this.service.call<Site>(viewer, "UpdateSite", { site_id: siteId, name, timezone, door_code: doorCode }, 0);
  }

  async listLockers(viewer: Viewer, siteId: string): Promise<Locker[]> {
    const { lockers } = await this.service.call<{ lockers: Locker[] }>(viewer, "ListLockers", { site_id: siteId });
    return lockers;
  }

  setLockerStatus(viewer: Viewer, lockerId: string, status: string): Promise<Locker> {
    return this.service.call<Locker>(viewer, "SetLockerStatus", { locker_id: lockerId, status }, 0);
  }

  addDomain(viewer: Viewer, hostname: string): Promise<Domain> {
    return this.service.call<Domain>(viewer, "AddDomain", { hostname }, 0);
  }

  async removeDomain(viewer: Viewer, domainId: string): Promise<void> {
    await this.service.call(viewer, "RemoveDomain", { domain_id: domainId }, 0);
  }
}
