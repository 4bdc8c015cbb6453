import { once } from 'node:events';
import { toJson } from '@stateful-functions/core';

export interface OutputOptions {
  readonly json?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

/** Characters that a terminal may obey, or that reorder what is shown; line ends and tabs are harmless. */
const unsafe = /(?![\n\t])[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Where a command writes: lines for people, or JSON for programs. Never both. */
export class Output {
  readonly isJson: boolean;
  readonly #isVerbose: boolean;

  constructor({ json = false, verbose = false }: OutputOptions) {
    this.isJson = json;
    this.#isVerbose = verbose;
  }

  /** A line on the standard output. Waits while its reader is slow. */
  async line(text = ''): Promise<void> {
    if (!process.stdout.write(`${harmless(text)}\n`)) await once(process.stdout, 'drain');
  }

  async lines(texts: readonly string[]): Promise<void> {
    for (const text of texts) await this.line(text);
  }

  /** A table's lines, with its headings in bold where that can be seen. */
  async table([headings = '', ...rows]: readonly string[]): Promise<void> {
    await this.#styled(headings, 1, process.stdout);
    await this.lines(rows);
  }

  /** A value as one line of JSON. */
  async json(value: unknown): Promise<void> {
    await this.line(toJson(value));
  }

  /** A line on the standard error output that is not the answer. */
  note(text: string): void {
    process.stderr.write(`${harmless(text)}\n`);
  }

  /** What went wrong: `SF_CODE: sentence`. The stack is for those who ask for it. */
  failure(error: unknown): void {
    const isError = error instanceof Error;
    this.note(isError ? error.message : String(error));
    if (isError && this.#isVerbose) {
      for (let each: unknown = error; each instanceof Error; each = each.cause) {
        this.note(`${each === error ? '' : 'caused by '}${each.stack ?? each.message}`);
      }
    }
  }

  async #styled(text: string, style: number, stream: NodeJS.WriteStream): Promise<void> {
    const isColoured = stream.isTTY && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';
    if (!isColoured) return this.line(text);
    stream.write(`\u001b[${style}m${harmless(text)}\u001b[0m\n`);
  }
}

/** Ids are chosen by others, and must not get to command a terminal. */
function harmless(text: string): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(unsafe, escaped);
}
