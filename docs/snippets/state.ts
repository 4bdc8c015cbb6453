import {
  type Context,
  FunctionType,
  Persisted,
  PersistedList,
  PersistedMap,
  PersistedValue,
  StatefulFunction,
} from '@stateful-functions/core';

export const User = FunctionType.of<{ readonly page: string; readonly coupon?: string }>('site/user');

@StatefulFunction(User)
export class UserFn implements StatefulFunction<{ readonly page: string; readonly coupon?: string }> {
  @Persisted() visits = 0;
  @Persisted({ ttl: '30d' }) lastPage = '';
  @Persisted() readonly coupon = PersistedValue.of<string>({ ttl: '7d' });
  @Persisted() readonly pages = PersistedMap.of<string, number>({ ttl: '90d', ttlAfter: 'read-or-write' });
  @Persisted() readonly trail = PersistedList.of<string>();
  /** Not persisted: a cache, gone whenever the instance is. */
  readonly seen = new Set<string>();

  async invoke(_ctx: Context, { page, coupon }: { readonly page: string; readonly coupon?: string }): Promise<void> {
    this.visits += 1;
    this.lastPage = page;
    if (coupon !== undefined) this.coupon.set(coupon);
    await this.pages.load([page]);
    this.pages.update(page, (count = 0) => count + 1);
    this.trail.append(page);
    this.seen.add(page);
  }
}

export const Profile = FunctionType.of<string>('site/profile');

/** As it was. */
@StatefulFunction(Profile)
export class FirstProfileFn implements StatefulFunction<string> {
  @Persisted() name = '';
  @Persisted() joined = '2026-01-31';
  @Persisted() theme = 'dark';

  invoke(_ctx: Context, name: string): void {
    this.name = name;
  }
}

@StatefulFunction(Profile, { retired: ['theme'] })
export class ProfileFn implements StatefulFunction<string> {
  @Persisted({ name: 'name' }) displayName = '';
  @Persisted<Date>({ version: 2, migrate: (stored) => new Date(stored as string) }) joined = new Date(0);
  @Persisted() newsletter = false;

  invoke(ctx: Context, name: string): void {
    if (name === '') ctx.forget();
    else this.displayName = name;
  }
}
