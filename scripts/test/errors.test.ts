import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { errorCodes } from '@stateful-functions/core';
import { expect } from 'chai';

const page = readFileSync(fileURLToPath(new URL('../../../docs/errors.md', import.meta.url)), 'utf8');

describe('docs/errors.md', () => {
  const entries = new Map(
    page
      .split(/^### /m)
      .slice(1)
      .map((entry) => [entry.slice(0, entry.indexOf('\n')), entry.replaceAll(/\s+/g, ' ')]),
  );

  it('has an entry for each code, and none for what is no code', () => {
    expect([...entries.keys()]).to.have.members(Object.keys(errorCodes));
  });

  for (const [code, meaning] of Object.entries(errorCodes)) {
    it(`says what ${code} means, what causes it, and what to do`, () => {
      const entry = entries.get(code) ?? '';
      expect(entry).to.contain(`${code} ${meaning}`);
      expect(entry).to.match(/ \*Cause\.\* \S.* \*Fix\.\* \S/);
    });
  }
});
