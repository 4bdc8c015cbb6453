import { createHash, timingSafeEqual } from 'node:crypto';

/** The secret that callers must show. Compared in a time that tells nothing of where a guess is wrong. */
export class BearerToken {
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = digest(token);
  }

  /** @param authorization the header of that name: `Bearer …`. */
  admits(authorization: string | undefined): boolean {
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    // Digests are of one length, whatever is guessed.
    return timingSafeEqual(digest(token ?? ''), this.#digest) && token !== undefined;
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
