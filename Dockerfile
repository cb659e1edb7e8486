# PostgreSQL 15 with msgstore, on Debian.
#
#	docker build -t msgstore .
#	docker run --rm -e POSTGRES_PASSWORD=secret -p 5432:5432 msgstore
#
# The database that the image creates has the extension.
FROM postgres:15-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
	gcc libc6-dev libgmime-3.0-dev libjansson-dev libpq-dev libytnef0-dev \
	make perl pkg-config postgresql-server-dev-15 \
	&& rm -rf /var/lib/apt/lists/*
COPY . /src
RUN make -C /src with_llvm=no && make -C /src install with_llvm=no DESTDIR=/out

FROM postgres:15-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends \
	libgmime-3.0-0 libjansson4 libytnef0 \
	&& rm -rf /var/lib/apt/lists/*
COPY --from=build /out/ /
RUN echo 'CREATE EXTENSION msgstore;' >/docker-entrypoint-initdb.d/msgstore.sql
