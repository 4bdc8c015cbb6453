// Runs the registry of a configuration on a port of this machine that is free, tells its parent which, and ends with it.
import { runServer } from 'verdaccio';

const server = await runServer(process.argv[2]);
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
