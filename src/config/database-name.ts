/** The database that a URL names, or should. */

const URLS = {
  DATABASE_URL: "postgres://user:password@localhost:5432/vinyasa",
  DATABASE_POOL_URL: "postgres://user:password@localhost:6432/vinyasa",
};

/**
 * Where the tables would be made in whatever database the server chooses: the one called like the user,
 * which for postgres is everybody's. PGDATABASE, which the driver reads from the process's environment
 * as psql does, names one, too.
 */
export function urlsWithoutDatabase(
  given: Readonly<Record<string, string>>,
  pgDatabase: string | undefined,
): string[] {
  if (pgDatabase !== undefined && pgDatabase !== "") return [];
  return Object.entries(URLS).flatMap(([name, example]) => {
    const url = given[name];
    if (url === undefined || !isNameless(url)) return [];
    return [
      `${name} names no database, and the server would take the one called like the user. Write ` +
        `its name at the end of the address, as in ${example}, or set PGDATABASE.`,
    ];
  });
}

/** What is no URL of PostgreSQL has a mistake of another kind. */
function isNameless(url: string): boolean {
  if (!/^postgres(ql)?:/i.test(url) || !URL.canParse(url)) return false;
  return new URL(url).pathname.replace(/^\//, "") === "";
}
