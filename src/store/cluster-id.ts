/** The name of all instances that share one database: they find each other on Redis by it. */
import type { Queryable } from "./database.ts";

const CREATE = {
  name: "create-cluster-id",
  text: `/* create-cluster-id */
insert into vinyasa.settings (key, value) values ('cluster_id', to_jsonb(gen_random_uuid()::text))
on conflict (key) do nothing`,
};

const READ = {
  name: "read-cluster-id",
  text: "/* read-cluster-id */ select value #>> '{}' as id from vinyasa.settings where key = 'cluster_id'",
};

/** A random uuid that belongs to the database: stored once, the same for whoever asks. */
export async function clusterId(db: Queryable): Promise<string> {
  const [found] = await db.query<{ id: string }>(READ);
  if (found !== undefined) return found.id;
  await db.query(CREATE);
  const [created] = await db.query<{ id: string }>(READ);
  if (created === undefined) throw new Error("the cluster id was removed while it was being read");
  return created.id;
}
