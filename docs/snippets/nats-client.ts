import { connect } from '@stateful-functions/nats-transport';
import { Driver, trip } from './rides.js';

await using client = await connect({ servers: 'nats.internal:4222', application: 'rides' });
await client.to(Driver.at('d-17')).finish(trip);
const status = await client.query(Driver.at('d-17')).status();
console.log(status);
