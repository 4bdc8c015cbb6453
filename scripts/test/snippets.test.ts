import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Languages of blocks that other tests look at, that show what a command prints, or that are settings of servers. */
const others = ['sh', 'console', 'conf', 'json'];

/** Code that readers copy is code that is compiled and run: a block is some lines of a file, at any indentation. */
describe('The code of the documents', () => {
  const sources = ['docs/snippets', 'examples/greeter/src', 'packages/http-gateway/test/example'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => /\.(ts|json)$/.test(name))
      .map((name) => `\n${readFileSync(join(root, folder, name), 'utf8')}`),
  );

  const isCompiled = (code: string) =>
    ['', '  ', '    ', '      ', '        '].some((indentation) => {
      const lines = code.replace(/^(?=.)/gm, indentation);
      return sources.some((source) => source.includes(`\n${lines}`));
    });

  const pages = [
    'README.md',
    ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
    ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
  ].filter((name) => name.endsWith('.md'));

  for (const page of pages) {
    it(`${page} shows code that is compiled`, () => {
      const text = readFileSync(join(root, page), 'utf8');
      const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
      expect(text.match(/^```/gm)?.length ?? 0).to.equal(2 * blocks.length);
      for (const [, language, code] of blocks) {
        if (language === 'ts' || (language === 'json' && page.startsWith('docs/'))) {
          expect(isCompiled(code as string), code).to.equal(true);
        } else expect(others).to.include(language);
      }
    });
  }
});
