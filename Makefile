# msgstore: the module, its client, tests, demonstration and measurements.
#
#   make, make install, make installcheck    as for any contrib module
#   make demo, make test                     install what is missing, then run
#   make devserver, make devserver-stop      a private server to work with
#
# PG_CONFIG=... chooses the PostgreSQL to build against, CLIENT=no leaves the
# client out.  In tree or as a VPATH build (make -f ../path/Makefile), which
# needs a source tree that nothing was built in.

MODULE_big = msgstore
EXTENSION = msgstore
DATA = msgstore--0.1.sql
PGFILEDESC = "msgstore - messages with MAPI message-store semantics"

# One noun a file; a line a file, in the order of the install script.
OBJS = \
	$(WIN32RES) \
	src/module.o \
	src/hresult.o \
	src/flags.o \
	src/catalogue.o \
	src/named.o \
	src/property.o \
	src/value.o \
	src/recipient.o \
	src/bag.o \
	src/edits.o \
	src/retype.o \
	src/query.o \
	src/store.o \
	src/access.o \
	src/number.o \
	src/row.o \
	src/change.o \
	src/view.o \
	src/handle.o \
	src/message.o \
	src/save.o \
	src/conflict.o \
	src/resolve.o \
	src/place.o \
	src/park.o \
	src/history.o \
	src/objects.o \
	src/attachment.o \
	src/adopt.o \
	src/blob.o \
	src/subobject.o \
	src/stream.o

# Tests of one session (sql/, expected/).
REGRESS = \
	hresult \
	flags \
	catalogue \
	named \
	property \
	retype \
	recipient \
	attachment \
	subobject \
	stream \
	streamlarge \
	blob \
	store \
	open \
	create \
	props \
	save \
	stateless \
	handle \
	conflict \
	conflictattachments \
	resolve \
	place \
	park \
	throw \
	numbers \
	history \
	historyversions \
	hostile \
	errors \
	checker \
	house

# Tests of two or three sessions (test/specs/, test/expected/), after the common set-up
# that the schedule names.
ISOLATION = \
	named_races \
	new_message \
	handle_view \
	save_two_savers \
	save_wait \
	save_flags_table \
	save_force \
	save_empty \
	save_refused_keeps \
	save_stale_at_once \
	save_after_refresh \
	save_subxact \
	save_gone \
	save_rights \
	save_interrupted \
	save_other_work \
	save_message \
	place_messages \
	resolve_conflict \
	place_levels \
	place_order \
	resolve_race \
	park_race \
	history_prune \
	history_prune_cancel \
	history_restore_version \
	attachment_lists \
	stream_sweep \
	stream_body

REGRESS_OPTS = --inputdir=$(srcdir) --load-extension=msgstore \
	--encoding=UTF8 --no-locale
ISOLATION_OPTS = --inputdir=$(srcdir)/test --load-extension=msgstore \
	--encoding=UTF8 --no-locale --schedule=$(srcdir)/test/isolation_schedule

# Targets that tools/run-private runs; they work before PostgreSQL is installed.
PG_CONFIG ?= pg_config
CLIENT ?= yes
TOP := $(dir $(firstword $(MAKEFILE_LIST)))
PRIVATE = deps test test-alone test-fuzz test-large test-valgrind demo bench devserver \
	devserver-stop
RUN_PRIVATE = exec env PG_CONFIG='$(PG_CONFIG)' MAKE='$(MAKE)' COPT='$(COPT)' \
	REGRESS='$(REGRESS)' ISOLATION='$(ISOLATION)' SUITES='$(SUITES)' \
	bash $(TOP)tools/run-private

# MAIL in the environment is the user's mailbox, not an argument.
ifneq ($(origin MAIL),command line)
override MAIL :=
endif

.PHONY: $(PRIVATE) test-versions strict client install-client \
	uninstall-client clean-client

# The default target, before any other file can name one.
all:

$(PRIVATE):
	@$(RUN_PRIVATE) $@ $(if $(MAIL),'$(MAIL)')

test-versions:
	@bash $(TOP)tools/test-versions $(VERSIONS)

ifneq (,$(filter-out $(PRIVATE) test-versions,$(or $(MAKECMDGOALS),all)))

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(PGXS))
$(error no PostgreSQL to build against: set PG_CONFIG, or run "make deps")
endif
PG_CPPFLAGS = -Isrc -I$(srcdir)/src
EXTRA_CLEAN = src/*.gen.h src/gen.stamp src/flags.stamp build/failed
include $(PGXS)

ifneq ($(abspath $(srcdir)),$(CURDIR))
ifneq (,$(wildcard $(srcdir)/src/gen.stamp $(srcdir)/client/*.o))
$(error $(srcdir) was built in; run "make clean" there first)
endif
endif

# Constants and tables, generated from the facts in data/.
src/gen.stamp: tools/gen_catalogue.pl $(wildcard $(srcdir)/data/*.csv)
	@$(MKDIR_P) src
	perl $< $(srcdir)/data src
	@touch $@

# Build everything again for another PostgreSQL, or with other flags.
BUILT_WITH = $(VERSION) $(CC) $(CPPFLAGS) $(CFLAGS)
src/flags.stamp: force-look
	@$(MKDIR_P) src
	@echo '$(subst ','\'',$(BUILT_WITH))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(BUILT_WITH))' > $@
.PHONY: force-look

HEADERS_ALL = $(wildcard $(srcdir)/src/*.h)
$(OBJS) $(OBJS:.o=.bc): src/gen.stamp src/flags.stamp \
	$(filter-out %.gen.h,$(HEADERS_ALL))

ifeq ($(CLIENT),yes)
all: client
install: install-client
uninstall: uninstall-client
clean: clean-client
endif

MAKE_CLIENT = $(MKDIR_P) client && $(MAKE) -C client \
	-f $(abspath $(srcdir))/client/Makefile PG_CONFIG='$(PG_CONFIG)'
client:
	$(MAKE_CLIENT) all
install-client: client
	$(MAKE_CLIENT) install
uninstall-client:
	$(MAKE_CLIENT) uninstall
clean-client:
	$(MAKE_CLIENT) clean

# The program of test/t/040_checker.pl.
MAKE_CHECKER = $(MKDIR_P) test/checker && $(MAKE) -C test/checker \
	-f $(abspath $(srcdir))/test/checker/Makefile PG_CONFIG='$(PG_CONFIG)'
checker:
	$(MAKE_CHECKER) all
clean: clean-checker
clean-checker:
	$(MAKE_CHECKER) clean
.PHONY: checker clean-checker

# Remove the files that tests have left, too.
distclean: clean-build
clean-build:
	bash $(TOP)tools/run-private devserver-stop
	rm -rf build
.PHONY: clean-build

# The strict flags, with which every change has to build.
STRICT = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
	-DUSE_ASSERT_CHECKING
strict:
	rm -f client/*.o test/checker/*.o
	$(MAKE) -f $(firstword $(MAKEFILE_LIST)) all checker COPT='$(STRICT)' \
		with_llvm=no

endif
