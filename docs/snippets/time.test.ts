import { MemorySink } from '@stateful-functions/core';
import { TestApplication } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import { bell, Reminder, ReminderFn } from './time.js';

describe('docs/time.md', () => {
  it('rings in time, once, also when the application was away', async () => {
    await using app = await TestApplication.start({
      startMs: Date.UTC(2026, 0, 31, 8),
      modules: [
        {
          configure(_config, binder) {
            binder.bindFunctions(ReminderFn);
            binder.bindEgress(bell, new MemorySink());
          },
        },
      ],
    });
    const tea = app.client.to(Reminder.at('tea'));
    await tea.remind(new Date(Date.UTC(2026, 0, 31, 9)));
    await tea.snooze();
    await app.client.to(Reminder.at('never')).snooze();
    await app.client.to(Reminder.at('never')).cancel();
    await app.restart();
    await app.advance('9m');
    await app.checkpoint();
    expect(app.egress(bell)).to.deep.equal([]);
    await app.advance('2h');
    await app.checkpoint();
    expect(app.egress(bell)).to.have.lengthOf(1);
    expect(app.egress(bell)[0]).to.match(/^tea at 2026-01-31T08:10:/);
  });
});
