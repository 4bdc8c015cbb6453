import { StatefulFunctionsError } from './errors.js';

/**
 * What a put rejects with that certainly stored nothing, and will not later either: there was no room, for one. Whoever asked for
 * it may give it up at once. After any other rejection the blob may be there.
 */
export class NotStoredError extends StatefulFunctionsError {}
