# common.sh
#	  What the scripts in tools/ share: words, and which PostgreSQL is meant.
#	  Sourced by bash, with "top" set to the project's directory.

say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	say "$(basename "$0"): $*"
	exit 1
}

# True where this pg_config belongs to a server one can build against and run.
usable_pg_config()
{
	local config=$1

	command -v "$config" >/dev/null 2>&1 &&
		[ -f "$("$config" --pgxs 2>/dev/null)" ] &&
		[ -f "$("$config" --includedir-server)/postgres.h" ] &&
		[ -x "$("$config" --bindir)/postgres" ]
}

# Prints the pg_config to use: the one asked for; else the one in the PATH;
# else that of the newest version which Debian keeps beside the PATH.  Prints
# nothing, and fails, where there is none.
find_pg_config()
{
	local config

	if [ "${PG_CONFIG:-pg_config}" != pg_config ]
	then
		usable_pg_config "$PG_CONFIG" || return 1
		echo "$PG_CONFIG"
		return
	fi
	for config in pg_config \
		$(ls -d /usr/lib/postgresql/*/bin/pg_config 2>/dev/null | sort -rV)
	do
		if usable_pg_config "$config"
		then
			command -v "$config"
			return
		fi
	done
	return 1
}
