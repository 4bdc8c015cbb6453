import { randomUUID } from 'node:crypto';
import { type S3Server, startNats, startS3 } from '@stateful-functions/servers';

/** The servers that a cluster runs on, as whoever runs on them has to know them. A value of JSON. */
export interface Site {
  /** `host:port` of the nats-server. */
  readonly nats: string;
  readonly s3: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  readonly bucket: string;
}

/** Servers that were brought up; disposing of them ends them. */
export interface RunningSite extends AsyncDisposable {
  readonly site: Site;
}

/** Under this name, the processes of cases find in their environment which servers there are. */
export const siteVariable = 'SF_BENCH_SITE';

/** Brings up a nats-server and an S3 server. @throws if there is one of them that cannot be had */
export async function startSite(): Promise<RunningSite> {
  const nats = await startNats();
  const s3 = await startS3();
  if (nats === undefined || s3 === undefined) throw new Error('these benchmarks need a nats-server and an S3 server');
  return {
    site: await siteOn(nats.url, s3),
    [Symbol.asyncDispose]: async () => {
      await nats[Symbol.asyncDispose]();
      await s3[Symbol.asyncDispose]();
    },
  };
}

/** A bucket of its own on servers that run. */
export async function siteOn(nats: string, s3: S3Server): Promise<Site> {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3.access;
  const credentials = { accessKeyId, secretAccessKey };
  return { nats, s3: { endpoint, region, credentials }, bucket: await s3.makeBucket() };
}

/** The servers that the process which runs a benchmark has brought up for those of its cases. */
export function givenSite(): Site {
  const text = process.env[siteVariable];
  if (text === undefined)
    throw new Error(`${siteVariable} does not name the servers: set needsSite for this benchmark`);
  return JSON.parse(text) as Site;
}

/** A name that no other run on the same servers has: of an application, of streams. */
export function freshName(): string {
  return `bench-${randomUUID()}`;
}
