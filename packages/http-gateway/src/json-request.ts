import { isUtf8 } from 'node:buffer';
import { GatewayError } from './gateway-error.js';

/** Lists and objects within each other: more than anybody needs, and fewer than a stack holds. */
const mostNested = 128;

/**
 * Reads a body; `undefined` if it is empty.
 *
 * @throws GatewayError for what is no UTF-8 or no JSON, is nested too deeply, or has a key `__proto__`, which some program
 * further on would take for more than a name.
 */
export function readBody(body: Buffer, contentType: string | undefined): unknown {
  if (body.length === 0) return undefined;
  if (!isJson(contentType)) {
    throw new GatewayError(
      'SF_HTTP_MEDIA_TYPE',
      415,
      `the body is of type ${JSON.stringify(contentType ?? 'none')}. Send JSON, with content-type: application/json.`,
    );
  }
  if (!isUtf8(body)) throw malformed('the body is not UTF-8. Encode it so.');
  return readJson(body.toString(), 'the body');
}

/** As `readBody`, of a text. */
export function readJson(text: string, what: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(`${what} is no JSON: ${(error as Error).message}. Mend it.`);
  }
  check(value, what, 0);
  return value;
}

function check(value: unknown, what: string, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth === mostNested) throw malformed(`${what} is nested more than ${mostNested} deep. Flatten it.`);
  if (Array.isArray(value)) {
    for (const item of value) check(item, what, depth + 1);
    return;
  }
  if (Object.hasOwn(value, '__proto__')) throw malformed(`${what} has a key "__proto__". Rename it.`);
  for (const key of Object.keys(value)) check((value as Record<string, unknown>)[key], what, depth + 1);
}

function isJson(contentType: string | undefined): boolean {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'));
}

function malformed(message: string): GatewayError {
  return new GatewayError('SF_HTTP_MALFORMED', 400, message);
}
