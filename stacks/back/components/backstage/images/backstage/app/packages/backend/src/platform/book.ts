// What people were told already: kept in the portal's database, so that nobody is told twice after a restart.
import { DatabaseService } from '@backstage/backend-plugin-api';

const TABLE = 'told';
/** Days after which what was told is forgotten: longer than anything is told that is past. */
const KEPT_DAYS = 60;

type Row = { key: string; value: string; at: number };
type Client = Awaited<ReturnType<DatabaseService['getClient']>>;

/** Keys with a value each. */
export class Book {
  private constructor(private readonly client: Client) {}

  static async open(database: Pick<DatabaseService, 'getClient'>): Promise<Book> {
    const client = await database.getClient();
    if (!(await client.schema.hasTable(TABLE))) {
      await client.schema.createTable(TABLE, table => {
        table.string('key').primary();
        table.string('value').notNullable();
        table.bigInteger('at').notNullable();
      });
    }
    await client<Row>(TABLE).where('at', '<', Date.now() - KEPT_DAYS * 86_400_000).andWhere('key', 'not like', 'state %').delete();
    return new Book(client);
  }

  /** Whether nothing was ever written. */
  async isEmpty(): Promise<boolean> {
    return (await this.client<Row>(TABLE).first()) === undefined;
  }

  /** Writes a key down; whether it was not there. */
  async claim(key: string, value = ''): Promise<boolean> {
    const isNew = await this.isNew(key);
    if (isNew) await this.set(key, value);
    return isNew;
  }

  async isNew(key: string): Promise<boolean> {
    return (await this.client<Row>(TABLE).where({ key }).first()) === undefined;
  }

  async set(key: string, value: string) {
    await this.client<Row>(TABLE).insert({ key, value, at: Date.now() }).onConflict('key').merge();
  }

  /** All values of the keys that begin with a prefix, by what follows it. */
  async all(prefix: string): Promise<Map<string, string>> {
    const rows = await this.client<Row>(TABLE).where('key', 'like', `${prefix}%`);
    return new Map(rows.map(({ key, value }) => [key.slice(prefix.length), value]));
  }

  async forget(key: string) {
    await this.client<Row>(TABLE).where({ key }).delete();
  }
}
