// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What the client libraries would take from a process's environment.
public enum LibraryEnvironment {
    /// What libpq reads beside what it is given; a service of `PGSERVICE` must even exist.
    ///
    /// Source: PostgreSQL 15 to 18, "Environment Variables" of libpq.
    private static let names = [
        "PGAPPNAME", "PGCHANNELBINDING", "PGCLIENTENCODING", "PGCONNECT_TIMEOUT", "PGDATABASE",
        "PGDATESTYLE", "PGGEQO", "PGGSSDELEGATION", "PGGSSENCMODE", "PGGSSLIB", "PGHOST",
        "PGHOSTADDR", "PGKRBSRVNAME", "PGLOADBALANCEHOSTS", "PGLOCALEDIR",
        "PGMAXPROTOCOLVERSION", "PGMINPROTOCOLVERSION", "PGOPTIONS", "PGPASSFILE", "PGPASSWORD",
        "PGPORT", "PGREQUIREAUTH", "PGREQUIREPEER", "PGREQUIRESSL", "PGSERVICE",
        "PGSERVICEFILE", "PGSSLCERT", "PGSSLCERTMODE", "PGSSLCOMPRESSION", "PGSSLCRL",
        "PGSSLCRLDIR", "PGSSLKEY", "PGSSLMAXPROTOCOLVERSION", "PGSSLMINPROTOCOLVERSION",
        "PGSSLMODE", "PGSSLNEGOTIATION", "PGSSLROOTCERT", "PGSSLSNI", "PGSYSCONFDIR",
        "PGTARGETSESSIONATTRS", "PGTZ", "PGUSER",
    ]

    /// Forgets it, so that only the site's configuration says which database is asked, and how.
    ///
    /// To be called while no other thread reads the environment: unsetenv(3) is not safe then.
    public static func forget() {
        for name in names { unsetenv(name) }
    }
}
