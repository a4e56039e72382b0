// A database in memory, as plugins get one: SQLite of Node.js itself, for the portal's own is compiled only for its image.
import { createRequire } from 'node:module';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseService } from '@backstage/backend-plugin-api';
import { Knex, knex } from 'knex';

/** The dialect, of which there are no types. */
const BetterSqlite = createRequire(import.meta.url)('knex/lib/dialects/better-sqlite3') as typeof Knex.Client;

type Value = string | number | null;

/** What the dialect asks of its driver. */
class Driver {
  private readonly database = new DatabaseSync(':memory:');

  prepare(sql: string) {
    const statement = this.database.prepare(sql);
    return {
      reader: /^\s*(select|pragma)\b|\breturning\b/i.test(sql),
      all: (values: Value[]) => statement.all(...values),
      run: (values: Value[]) => statement.run(...values),
    };
  }

  close() {
    this.database.close();
  }
}

class Client extends BetterSqlite {
  _driver() {
    return Driver;
  }
}

export class Database implements Pick<DatabaseService, 'getClient'> {
  private readonly client = knex({ client: Client, connection: { filename: ':memory:' }, useNullAsDefault: true, pool: { min: 1, max: 1 } });

  getClient() {
    return Promise.resolve(this.client);
  }

  stop() {
    return this.client.destroy();
  }
}
