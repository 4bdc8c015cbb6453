import { invalid, type S3BlobStoreOptions, type S3Encryption } from './s3-options.js';

const form = /^s3:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

/** What each parameter means; any other is a mistake. */
const parameters: Readonly<Record<string, (value: string) => Partial<S3BlobStoreOptions>>> = {
  region: (region) => ({ region }),
  endpoint: (endpoint) => ({ endpoint }),
  pathStyle: (value) => ({ pathStyle: truth('pathStyle', value) }),
  multipart: (value) => ({ multipart: value === 'false' ? false : Number(value) }),
  encryption: (value) => ({ encryption: encryptionNamed(value) }),
  kmsKeyId: (kmsKeyId) => ({ encryption: { kmsKeyId } }),
};

/**
 * Reads `s3://bucket/prefix?region=…&endpoint=…&pathStyle=…&multipart=…&encryption=…&kmsKeyId=…`.
 *
 * @throws SF_INVALID_OPTION
 */
export function optionsOfUrl(url: string): S3BlobStoreOptions {
  const [, bucket, prefix = '', query = ''] = form.exec(url) ?? [];
  // A URL with keys in it must not get into a message either.
  if (bucket?.includes('@'))
    throw invalid('the URL', 's3://…@…', 'Keys in a URL end up in logs: put them into the environment');
  if (bucket === undefined) throw invalid('the URL', url, 'Pass s3://bucket/prefix, and perhaps ?region=…&endpoint=…');
  let options: S3BlobStoreOptions = { bucket, prefix };
  for (const [name, value] of new URLSearchParams(query)) {
    const read = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (read === undefined) throw invalid('a parameter', name, `Pass ${Object.keys(parameters).join(', ')} only`);
    options = { ...options, ...read(value) };
  }
  return options;
}

function truth(name: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalid(name, value, 'Set it to true or false');
}

function encryptionNamed(value: string): S3Encryption {
  if (value === 'AES256' || value === 'aws:kms') return value;
  throw invalid('encryption', value, 'Set it to AES256 or aws:kms, or set kmsKeyId');
}
