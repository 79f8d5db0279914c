import { migrate } from 'postgres-migrations';
import { finish } from './finish.mjs';

const [url = '', folder = ''] = process.argv.slice(2);
const { hostname, port, username, password, pathname } = new URL(url);
await finish(async () => {
  const config = {
    host: hostname,
    port: Number(port),
    user: username,
    password,
    database: pathname.slice(1),
  };
  return (await migrate(config, folder)).filter(({ id }) => id > 0).length;
});
