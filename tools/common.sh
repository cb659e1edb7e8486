# common.sh
#	  Functions that the scripts in tools/ share: messages, and the choice of
#	  a PostgreSQL.  Sourced by bash, with "top" set to the project's directory.

say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	say "$(basename "$0"): $*"
	exit 1
}

# Succeed if this pg_config belongs to a server that can be built against and
# run.
usable_pg_config()
{
	local config=$1

	command -v "$config" >/dev/null 2>&1 &&
		[ -f "$("$config" --pgxs 2>/dev/null)" ] &&
		[ -f "$("$config" --includedir-server)/postgres.h" ] &&
		[ -x "$("$config" --bindir)/postgres" ]
}

# Print the pg_config to use: the pg_config in $PG_CONFIG, else the pg_config
# in the PATH, else the pg_config of the newest version that Debian installs
# outside the PATH.  If there is no usable pg_config, print nothing and fail.
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
