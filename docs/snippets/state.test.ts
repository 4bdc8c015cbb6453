import type { Binder } from '@stateful-functions/core';
import { TestApplication } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import { FirstProfileFn, Profile, ProfileFn, User, UserFn } from './state.js';

const moduleOf = (...functions: Parameters<Binder['bindFunctions']>) => ({
  configure: (_config: ReadonlyMap<string, string>, binder: Binder) => binder.bindFunctions(...functions),
});

describe('docs/state.md', () => {
  it('keeps each kind of field as long as it says', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(UserFn)], checkpoints: { interval: '1d' } });
    const ada = User.at('ada');
    await app.client.send(ada, { page: 'home', coupon: 'WELCOME' });
    await app.client.send(ada, { page: 'home' });
    const fresh = {
      visits: 2,
      lastPage: 'home',
      coupon: 'WELCOME',
      pages: new Map([['home', 2]]),
      trail: ['home', 'home'],
    };
    expect(await app.state(ada)).to.deep.equal(fresh);
    await app.restart();
    await app.advance('8d');
    expect(await app.state(ada)).to.deep.equal({ ...fresh, coupon: undefined });
    await app.advance('23d');
    expect(await app.state(ada)).to.include({ visits: 2, lastPage: '' });
    await app.advance('60d');
    expect(await app.state(ada)).to.deep.include({ visits: 2, pages: new Map(), trail: ['home', 'home'] });
  });

  it('renames, migrates and retires fields', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(FirstProfileFn)] });
    const ada = Profile.at('ada');
    await app.client.send(ada, 'Ada');
    await app.restart({ modules: [moduleOf(ProfileFn)] });
    expect(await app.state(ada)).to.deep.equal({
      displayName: 'Ada',
      joined: new Date('2026-01-31'),
      newsletter: false,
    });
    await app.client.send(ada, '');
    expect(await app.state(ada)).to.deep.include({ displayName: '' });
  });

  it('refuses to start without a function that has state, unless it is retired', async () => {
    const app = await TestApplication.start({ modules: [moduleOf(FirstProfileFn)] });
    await app.client.send(Profile.at('ada'), 'Ada');
    const refused = await app.restart({ modules: [moduleOf(UserFn)] }).catch((error: unknown) => error);
    expect(refused).to.have.property('code', 'SF_REMOVED_FUNCTION');
    await app.restart({
      modules: [
        moduleOf(UserFn),
        {
          configure(_config, binder) {
            binder.retire(Profile);
          },
        },
      ],
    });
    await app.stop();
  });
});
