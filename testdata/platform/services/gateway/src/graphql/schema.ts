import { readFileSync } from "node:fs";
import { createSchema } from "graphql-yoga";
import { config } from "../config.js";
import type { Context } from "./context.js";
import { parcelQueries } from "./resolvers/parcels.js";
import { siteFields, siteMutations, siteQueries } from "./resolvers/sites.js";
import { tenantMutations, tenantQueries } from "./resolvers/tenant.js";

export const schema = createSchema<Context>({
  typeDefs: readFileSync(config.schemaPath, "utf8"),
  resolvers: {
    Query: { ...siteQueries, ...parcelQueries, ...tenantQueries },
    Mutation: { ...siteMutations, ...tenantMutations },
    Site: siteFields,
  },
});
