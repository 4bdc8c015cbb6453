import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Interception, ProxiedAnswer, ProxiedRequest } from '@stateful-functions/servers';

/**
 * Adds to a server what older releases of Ceph lack: that completing a multipart upload honours `If-None-Match: *`.
 *
 * Requests that write one key go one after the other, so nothing is created between the look and the completion.
 */
export function conditionalMultipart(client: S3Client): Interception {
  const writing = new Map<string, Promise<unknown>>();
  return (request, pass) => {
    const [path = '', query = ''] = request.path.split('?');
    if (request.headers['if-none-match'] === undefined) return pass();
    const completes = request.method === 'POST' && query.includes('uploadId=');
    const work = async () => (completes && (await isThere(client, path)) ? exists : pass());
    const result = (writing.get(path) ?? Promise.resolve()).then(work);
    writing.set(
      path,
      result.catch(() => undefined),
    );
    return result;
  };
}

/** Whether this is the request that makes a multipart upload visible. */
export function completesUpload({ method, path }: ProxiedRequest): boolean {
  return method === 'POST' && path.includes('uploadId=');
}

const exists: ProxiedAnswer = {
  status: 412,
  headers: { 'content-type': 'application/xml' },
  body: '<?xml version="1.0" encoding="UTF-8"?><Error><Code>PreconditionFailed</Code></Error>',
};

async function isThere(client: S3Client, path: string): Promise<boolean> {
  const [, Bucket, ...key] = path.split('/');
  try {
    await client.send(new HeadObjectCommand({ Bucket, Key: key.map(decodeURIComponent).join('/') }));
    return true;
  } catch (error) {
    if ((error as { name?: string }).name === 'NotFound') return false;
    throw error;
  }
}
