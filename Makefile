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
DATA = msgstore--0.1.sql api/msgstore_api.sql
PGFILEDESC = "msgstore - messages with MAPI message-store semantics"

# One noun per file, from the lowest floor and room up (src/README.md).
FLOORS = words content engine face
OBJS = \
	$(WIN32RES) \
	src/words/value.o \
	src/words/text.o \
	src/words/escape.o \
	src/words/json.o \
	src/words/nameset.o \
	src/words/hresult.o \
	src/words/flags.o \
	src/words/call.o \
	src/words/catalogue.o \
	src/words/named.o \
	src/words/spelling.o \
	src/words/property.o \
	src/content/bag.o \
	src/content/objects.o \
	src/content/packing.o \
	src/content/lines.o \
	src/content/hunks.o \
	src/content/reference.o \
	src/content/content.o \
	src/content/recipient.o \
	src/content/subject.o \
	src/content/promoted.o \
	src/content/order.o \
	src/content/folding.o \
	src/content/match.o \
	src/content/restriction.o \
	src/content/rtf.o \
	src/content/searchtext.o \
	src/content/retype.o \
	src/content/edits.o \
	src/content/attachment.o \
	src/content/undo.o \
	src/engine/relation.o \
	src/engine/querystore.o \
	src/engine/queryfolder.o \
	src/engine/querymessage.o \
	src/engine/queryblob.o \
	src/engine/queryfeed.o \
	src/engine/query.o \
	src/engine/incarnation.o \
	src/engine/number.o \
	src/engine/position.o \
	src/engine/author.o \
	src/engine/direct.o \
	src/engine/hint.o \
	src/engine/row.o \
	src/engine/changerow.o \
	src/engine/parent.o \
	src/engine/access.o \
	src/engine/lineage.o \
	src/engine/origin.o \
	src/engine/tree.o \
	src/engine/wakeup.o \
	src/engine/activity.o \
	src/engine/count.o \
	src/engine/blob.o \
	src/engine/adopt.o \
	src/engine/searchrow.o \
	src/engine/candidate.o \
	src/engine/change.o \
	src/engine/original.o \
	src/engine/merge.o \
	src/engine/state.o \
	src/engine/computed.o \
	src/engine/view.o \
	src/engine/scan.o \
	src/engine/sorting.o \
	src/engine/listing.o \
	src/engine/pending.o \
	src/engine/handle.o \
	src/engine/upload.o \
	src/engine/stand.o \
	src/face/module.o \
	src/face/store.o \
	src/face/rights.o \
	src/face/nameid.o \
	src/face/criteria.o \
	src/face/open.o \
	src/face/park.o \
	src/face/subobject.o \
	src/face/props.o \
	src/face/copy.o \
	src/face/stream.o \
	src/face/large.o \
	src/face/request.o \
	src/face/save.o \
	src/face/conflict.o \
	src/face/throw.o \
	src/face/resolve.o \
	src/face/place.o \
	src/face/promote.o \
	src/face/presence.o \
	src/face/submit.o \
	src/face/readstate.o \
	src/face/status.o \
	src/face/folder.o \
	src/face/container.o \
	src/face/transfer.o \
	src/face/mail.o \
	src/face/bulk.o \
	src/face/departure.o \
	src/face/arrival.o \
	src/face/meet.o \
	src/face/import.o \
	src/face/importfolder.o \
	src/face/sync.o \
	src/face/list.o \
	src/face/category.o \
	src/face/search.o \
	src/face/rebuild.o \
	src/face/history.o \
	src/face/stats.o \
	src/face/feedrow.o \
	src/face/feed.o \
	src/face/advise.o

# Tests of one session (sql/, expected/).
REGRESS = \
	hresult \
	flags \
	catalogue \
	named \
	property \
	retype \
	recipient \
	rules \
	bounds \
	packing \
	attachment \
	subobject \
	copy \
	stream \
	streamlarge \
	blob \
	blobstateless \
	store \
	rights \
	rightsaround \
	open \
	create \
	props \
	save \
	stateless \
	tuple \
	request \
	author \
	handle \
	handlemodes \
	conflict \
	conflictattachments \
	resolve \
	obstacles \
	mergetext \
	place \
	readstate \
	status \
	submit \
	presence \
	sync \
	syncfolder \
	promoted \
	restriction \
	list \
	category \
	searchfolder \
	oxctabl \
	oxcfold \
	oxcnotif \
	oxcfxics \
	oxcprpt \
	search \
	searchrank \
	searchrtf \
	folder \
	container \
	counts \
	bulk \
	park \
	parkstateless \
	original \
	mail \
	throw \
	numbers \
	history \
	historyversions \
	feed \
	feedsight \
	advise \
	operators \
	hostile \
	errors \
	checker \
	stats \
	version \
	house

# Tests of two or three sessions (test/specs/, test/expected/), after the common set-up
# that the schedule names.
ISOLATION = \
	named_races \
	number_marker \
	folder_kept \
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
	rights_handles \
	save_interrupted \
	save_other_work \
	save_message \
	place_messages \
	folder_pairs \
	folder_tree \
	bulk_saves \
	resolve_conflict \
	place_levels \
	place_order \
	readstate_save \
	readstate_users \
	readstate_first \
	readstate_folder \
	status_race \
	search_save \
	presence_sessions \
	submit_claim \
	submit_save \
	resolve_race \
	park_race \
	request_race \
	sync_race \
	author_race \
	history_prune \
	history_prune_cancel \
	history_restore_version \
	feed_late \
	feed_rights \
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
PRIVATE = deps test test-alone test-examples test-fuzz test-large \
	test-sanitizers test-valgrind demo bench bench-bytes bench-feed \
	bench-growth bench-lists bench-mail bench-team bench-instructions devserver \
	devserver-stop
RUN_PRIVATE = exec env PG_CONFIG='$(PG_CONFIG)' MAKE='$(MAKE)' COPT='$(COPT)' \
	REGRESS='$(REGRESS)' ISOLATION='$(ISOLATION)' SUITES='$(SUITES)' \
	bash $(TOP)tools/run-private

# MAIL in the environment is the user's mailbox, not an argument.
ifneq ($(origin MAIL),command line)
override MAIL :=
endif

.PHONY: $(PRIVATE) test-versions analyse indent dist deb strict client install-client \
	uninstall-client clean-client

# The default target, before any other file can name one.
all:

$(PRIVATE):
	@$(RUN_PRIVATE) $@ $(if $(MAIL),'$(MAIL)')

test-versions:
	@bash $(TOP)tools/test-versions $(VERSIONS)

analyse:
	@bash $(TOP)tools/analyse

# Lay the sources out as PostgreSQL's; "make analyse" checks that they are.
indent:
	@bash $(TOP)tools/deps pg-bsd-indent:pg_bsd_indent
	@perl $(TOP)tools/indent

# The archive of a release for PGXN; packages for Debian.
dist deb:
	@bash $(TOP)tools/release $@

ifneq (,$(filter-out $(PRIVATE) test-versions analyse indent dist deb,$(or $(MAKECMDGOALS),all)))

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(PGXS))
$(error no PostgreSQL to build against: set PG_CONFIG, or run "make deps")
endif
# What PostgreSQL looks up is visible, and nothing else (compat.h).
PG_CFLAGS = -fvisibility=hidden
# The version of the script that the module belongs to (src/engine/relation.c).
SCRIPT_VERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" \
	$(srcdir)/msgstore.control $(TOP)msgstore.control 2>/dev/null | head -n 1)
PG_CPPFLAGS = -DMSGSTORE_VERSION='"$(SCRIPT_VERSION)"'
EXTRA_CLEAN = src/words/*.gen.h src/gen.stamp src/flags.stamp build/failed
include $(PGXS)

ifneq ($(abspath $(srcdir)),$(CURDIR))
ifneq (,$(wildcard $(srcdir)/src/gen.stamp $(srcdir)/client/*/*.o))
$(error $(srcdir) was built in; run "make clean" there first)
endif
endif

# A file sees the headers of its own floor and of those below.
floors = $(foreach f,$(1),-Isrc/$(f) -I$(srcdir)/src/$(f))
src/words/%: override CPPFLAGS := $(call floors,words) $(CPPFLAGS)
src/content/%: override CPPFLAGS := $(call floors,words content) $(CPPFLAGS)
src/engine/%: override CPPFLAGS := $(call floors,words content engine) $(CPPFLAGS)
src/face/%: override CPPFLAGS := $(call floors,$(FLOORS)) $(CPPFLAGS)

# Constants and tables, generated from the facts in data/
src/gen.stamp: tools/gen_catalogue.pl tools/gen_mapi.pl tools/Facts.pm \
		$(wildcard $(srcdir)/data/*.csv)
	@$(MKDIR_P) $(FLOORS:%=src/%)
	perl $< $(srcdir)/data src/words
	perl $(filter %/gen_mapi.pl,$^) $(srcdir)/data src/words/mapi.gen.h
	@touch $@

# Build everything again for another PostgreSQL, or other flags.  These are taken
# here, since a prerequisite inherits those of its target's floor.
BUILT_WITH := $(VERSION) $(CC) $(CPPFLAGS) $(CFLAGS)
src/flags.stamp: force-look
	@$(MKDIR_P) src
	@echo '$(subst ','\'',$(BUILT_WITH))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(BUILT_WITH))' > $@
.PHONY: force-look

HEADERS_ALL = $(wildcard $(srcdir)/src/*/*.h)
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
	rm -f client/*/*.o test/checker/*.o
	$(MAKE) -f $(firstword $(MAKEFILE_LIST)) all checker COPT='$(STRICT)' \
		with_llvm=no

endif
