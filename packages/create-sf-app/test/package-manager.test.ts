import { expect } from 'chai';
import { PackageManager } from '../src/package-manager.js';

describe('PackageManager', () => {
  for (const [userAgent, name] of [
    ['npm/11.19.1 node/v20.20.2 linux x64 workspaces/false', 'npm'],
    ['pnpm/10.1.0 npm/? node/v22.1.0 linux x64', 'pnpm'],
    ['yarn/1.22.22 npm/? node/v20.20.2 linux x64', 'yarn'],
    ['yarn/4.6.0 npm/? node/v22.1.0 linux x64', 'yarn'],
    ['bun/1.2.0 npm/? node/v22.6.0 linux x64', 'bun'],
    ['cnpm/9.4.0 npminstall/7.12.0 node/v20.0.0', 'npm'],
    ['', 'npm'],
    [undefined, 'npm'],
  ] as const) {
    it(`is ${name} by the user agent ${userAgent}`, () => {
      expect(PackageManager.ofUserAgent(userAgent).name).to.equal(name);
    });
  }

  it('says how each runs scripts', () => {
    const commands = (['npm', 'pnpm', 'yarn', 'bun'] as const).map((name) => {
      const manager = new PackageManager(name);
      return [
        manager.install,
        manager.run('dev'),
        manager.run('dev', '--fresh'),
        manager.run('test'),
        manager.run('start'),
      ];
    });
    expect(commands).to.deep.equal([
      ['npm install', 'npm run dev', 'npm run dev -- --fresh', 'npm test', 'npm start'],
      ['pnpm install', 'pnpm run dev', 'pnpm run dev --fresh', 'pnpm test', 'pnpm start'],
      ['yarn install', 'yarn run dev', 'yarn run dev --fresh', 'yarn test', 'yarn start'],
      ['bun install', 'bun run dev', 'bun run dev --fresh', 'bun run test', 'bun run start'],
    ]);
  });
});
