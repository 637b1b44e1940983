import path from "node:path";
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  status,
  type GrpcObject,
  type ServiceClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { logger, NotFoundError, type Viewer } from "@lockerline/shared";
import { internalToken } from "../auth.js";
import { config } from "../config.js";

type UnaryMethod = (
  request: object,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceError | null, response: unknown) => void,
) => void;

const RETRYABLE = new Set([status.UNAVAILABLE]);

/** A gRPC service with deadlines, retries and the viewer's identity on every call. */
export class ServiceClient {
  private readonly stub: Record<string, UnaryMethod>;

  constructor(
    private readonly name: string,
    file: string,
    packageName: string,
    service: string,
    address: string,
  ) {
    const definition = loadSync(path.join(config.protoRoot, file), { keepCase: true, longs: Number, defaults: true });
    let node: GrpcObject = loadPackageDefinition(definition);
    for (const segment of packageName.split(".")) {
      node = node[segment] as GrpcObject;
    }
    const Client = node[service] as ServiceClientConstructor;
    this.stub = new Client(address, credentials.createInsecure()) as unknown as Record<string, UnaryMethod>;
  }

  async call<T>(viewer: Viewer, method: string, request: object, retries = 2): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.once<T>(viewer, method, request);
      } catch (error) {
        const code = (error as ServiceError).code;
        if (code === status.NOT_FOUND) {
          throw new NotFoundError(method);
        }
        if (!RETRYABLE.has(code) || attempt >= retries) {
          throw error;
        }
        logger.warn({ service: this.name, method, attempt }, "retrying call");
      }
    }
  }

  private once<T>(viewer: Viewer, method: string, request: object): Promise<T> {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${internalToken(viewer)}`);
    const fn = this.stub[method];
    if (!fn) {
      throw new Error(`${this.name} has no method ${method}`);
    }
    return new Promise<T>((resolve, reject) => {
      fn.call(this.stub, request, metadata, { deadline: Date.now() + 5_000 }, (error, response) => {
        if (error) {
          reject(error);
        } else {
          resolve(response as T);
        }
      });
    });
  }
}
