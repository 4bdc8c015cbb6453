import { GatewayError } from './gateway-error.js';

/** What the path of a URL names. */
export interface CallTarget {
  /** `namespace/name`. */
  readonly type: string;
  readonly id: string;
  /** Of a contract; `undefined` for a function that has `invoke`. */
  readonly operation: string | undefined;
}

/** The namespace of the functions that the runtime has for itself: they are nobody's to call. */
const systemNamespace = 'sf';

/**
 * Reads `/v1/{namespace}/{name}/{id}[/{operation}]`.
 *
 * The path is split as it came, and only then are its parts decoded, each once: so an id may hold any character, also `/`.
 *
 * @throws GatewayError
 */
export function callTargetOf(path: string): CallTarget {
  const [, version, ...parts] = path.split('/');
  if (version !== 'v1' || parts.length < 3 || parts.length > 4) {
    throw new GatewayError(
      'SF_HTTP_NO_ROUTE',
      404,
      'no such path. Use /v1/{namespace}/{name}/{id} or /v1/{namespace}/{name}/{id}/{operation}, and percent-encode each part.',
    );
  }
  const [namespace = '', name = '', id = '', operation] = parts.map((part) => decode(part, 'the path'));
  if (namespace === systemNamespace) {
    throw new GatewayError('SF_HTTP_NO_ROUTE', 404, `the functions of ${systemNamespace} belong to the runtime.`);
  }
  return { type: `${namespace}/${name}`, id, operation };
}

/**
 * The parameters of a query.
 *
 * @param search what is behind the question mark.
 * @param known names that may be there, once each: a misspelt one is refused, not overlooked.
 * @throws GatewayError
 */
export function parametersOf(search: string, known: readonly string[]): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of search.split('&')) {
    if (pair === '') continue;
    const [name = '', ...value] = pair.replaceAll('+', ' ').split('=');
    const key = decode(name, 'the query');
    if (!known.includes(key) || parameters.has(key)) {
      const fix = known.length === 0 ? 'It takes none' : `It takes ${known.join(', ')}, once each`;
      throw new GatewayError(
        'SF_HTTP_MALFORMED',
        400,
        `the query parameter ${JSON.stringify(key)} is too much. ${fix}.`,
      );
    }
    parameters.set(key, decode(value.join('='), 'the query'));
  }
  return parameters;
}

function decode(text: string, where: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new GatewayError(
      'SF_HTTP_MALFORMED',
      400,
      `${where} holds ${JSON.stringify(text.slice(0, 80))}, which is not percent-encoded UTF-8. Encode it.`,
    );
  }
}
