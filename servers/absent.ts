/** When set, as it is in CI, a server that is not there fails the tests that want it. */
const mustBeThere = 'SF_REQUIRE_SERVERS';

/**
 * What to do without a server: tests that want it do not run, and say so loudly.
 *
 * @throws if the environment says that servers must be there
 */
export function absent(server: string, howToGetIt: string): undefined {
  const message = `NOT RUN: there is no ${server}, so tests that want one do not run. ${howToGetIt}`;
  if (process.env[mustBeThere] !== undefined) throw new Error(message);
  console.error(message);
  return undefined;
}
