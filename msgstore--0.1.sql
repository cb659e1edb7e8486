\echo Use "CREATE EXTENSION msgstore" to load this file. \quit

/*
 * msgstore--0.1.sql
 *	  Create the objects of the extension msgstore.
 *
 * One section per noun.  A section holds the tables of its noun, the functions
 * and the views.  Sections stand in the order in which their objects depend on
 * each other.
 *
 * Every relation, function, operator and type is written with its schema.  An
 * operator or a function without a schema would be chosen by how well its
 * arguments match, so that another schema could replace one of pg_catalog.
 * IN, BETWEEN, LIKE, USING, NULLIF, IS DISTINCT FROM, and CASE with an operand
 * look for an operator by its name, and are not used.  Only built-in types of
 * columns and of arguments are written without a schema: CREATE EXTENSION
 * looks for types in pg_catalog first.
 */

/* =============================================================== precondition
 *
 * Refuse a database that is not UTF8: addresses, subjects and bodies of any
 * script have to fit, and stored text is never converted.
 *
 * Refuse a schema in which others may have made objects.  CREATE EXTENSION
 * takes a schema that exists, whoever made it, and its owner could replace a
 * function of the extension by one that runs with the rights of its caller.
 * The owner may be another superuser than the current role: a dump restores
 * the owner of the schema before the extension.
 */

DO $$
DECLARE
	encoding pg_catalog.text := pg_catalog.current_setting('server_encoding');
	schema_id pg_catalog.oid := 'msgstore'::pg_catalog.regnamespace;
	other pg_catalog.text;
BEGIN
	IF encoding OPERATOR(pg_catalog.<>) 'UTF8' THEN
		RAISE EXCEPTION 'msgstore needs a database whose encoding is UTF8'
			USING ERRCODE = 'feature_not_supported',
				DETAIL = pg_catalog.format(
					'The encoding of this database is %s.', encoding),
				HINT = 'Create a database with ENCODING ''UTF8'''
					' TEMPLATE template0.';
	END IF;

	SELECT r.rolname INTO other
	FROM pg_catalog.pg_namespace AS n, pg_catalog.pg_roles AS r
	WHERE n.oid OPERATOR(pg_catalog.=) schema_id
	  AND r.oid OPERATOR(pg_catalog.=) n.nspowner
	  AND NOT r.rolsuper;
	IF FOUND THEN
		RAISE EXCEPTION 'schema "msgstore" belongs to role "%"', other
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = 'The role is not a superuser, and could replace the'
					' functions of the extension.',
				HINT = 'Drop the schema; CREATE EXTENSION makes a new one.';
	END IF;

	SELECT CASE WHEN a.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
				ELSE pg_catalog.quote_ident(r.rolname) END INTO other
	FROM pg_catalog.pg_namespace AS n
	CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) AS a
	LEFT JOIN pg_catalog.pg_roles AS r
		ON r.oid OPERATOR(pg_catalog.=) a.grantee
	WHERE n.oid OPERATOR(pg_catalog.=) schema_id
	  AND a.privilege_type OPERATOR(pg_catalog.=) 'CREATE'
	  AND r.rolsuper IS NOT TRUE
	ORDER BY a.grantee
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% may create objects in schema "msgstore"', other
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = pg_catalog.format(
					'Run REVOKE CREATE ON SCHEMA msgstore FROM %s.', other);
	END IF;

	SELECT pg_catalog.pg_describe_object(d.classid, d.objid, 0) INTO other
	FROM pg_catalog.pg_depend AS d,
		 LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) AS i
	WHERE d.refclassid OPERATOR(pg_catalog.=)
		  'pg_catalog.pg_namespace'::pg_catalog.regclass
	  AND d.refobjid OPERATOR(pg_catalog.=) schema_id
	  AND i.schema OPERATOR(pg_catalog.=) 'msgstore'
	ORDER BY 1
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'schema "msgstore" is not empty'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = pg_catalog.format('The schema has %s.', other),
				HINT = 'Drop the objects of the schema, or move them to'
					' another schema.';
	END IF;

	IF EXISTS (SELECT FROM pg_catalog.pg_namespace AS n
			   WHERE n.nspname OPERATOR(pg_catalog.=) 'msgstore_internal') THEN
		RAISE EXCEPTION 'schema "msgstore_internal" exists already'
			USING ERRCODE = 'duplicate_schema',
				HINT = 'Drop or rename the schema; CREATE EXTENSION makes a'
					' new one.';
	END IF;
END
$$;

/* ===================================================================== schema
 *
 * Schema msgstore is made by CREATE EXTENSION and holds everything that a user
 * calls or names.  Functions that implement types, operators, casts, views and
 * procedures stand in a schema of their own, which is a member of the
 * extension.  PUBLIC needs USAGE of both: a procedure runs with the rights of
 * its caller.
 */

GRANT USAGE ON SCHEMA msgstore TO PUBLIC;

CREATE SCHEMA msgstore_internal;
GRANT USAGE ON SCHEMA msgstore_internal TO PUBLIC;
COMMENT ON SCHEMA msgstore_internal IS
	'Functions of msgstore that no user calls';

/* ==================================================================== hresult
 *
 * The outcome of a call: hresult.c.  The type reads the name of a code, hex or
 * signed decimal, and prints the name.  It compares, hashes and travels as
 * integer.
 */

CREATE TYPE msgstore.hresult;

CREATE FUNCTION msgstore_internal.hresult_in(cstring)
	RETURNS msgstore.hresult
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'hresult_in';
COMMENT ON FUNCTION msgstore_internal.hresult_in(cstring) IS
	'Read the text form of a result: the name of a code, hex, or signed '
	'decimal';

CREATE FUNCTION msgstore_internal.hresult_out(msgstore.hresult)
	RETURNS cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'hresult_out';
COMMENT ON FUNCTION msgstore_internal.hresult_out(msgstore.hresult) IS
	'Write the text form of a result: the name of its code, or hex for a code '
	'without a name';

CREATE FUNCTION msgstore_internal.hresult_recv(internal)
	RETURNS msgstore.hresult
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'int4recv';
COMMENT ON FUNCTION msgstore_internal.hresult_recv(internal) IS
	'Read the binary form of a result, an integer';

CREATE FUNCTION msgstore_internal.hresult_send(msgstore.hresult)
	RETURNS bytea
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'int4send';
COMMENT ON FUNCTION msgstore_internal.hresult_send(msgstore.hresult) IS
	'Write the binary form of a result, an integer';

CREATE TYPE msgstore.hresult (
	INPUT = msgstore_internal.hresult_in,
	OUTPUT = msgstore_internal.hresult_out,
	RECEIVE = msgstore_internal.hresult_recv,
	SEND = msgstore_internal.hresult_send,
	LIKE = pg_catalog.int4
);
COMMENT ON TYPE msgstore.hresult IS
	'Outcome of a call: S_OK, MAPI_E_OBJECT_CHANGED and their like';

CREATE CAST (integer AS msgstore.hresult) WITHOUT FUNCTION;
COMMENT ON CAST (integer AS msgstore.hresult) IS
	'Return the code of this number';

CREATE CAST (msgstore.hresult AS integer) WITHOUT FUNCTION;
COMMENT ON CAST (msgstore.hresult AS integer) IS
	'Return the number of this code';

CREATE FUNCTION msgstore_internal.hresult_eq(msgstore.hresult,
											 msgstore.hresult)
	RETURNS boolean
	LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'int4eq';
COMMENT ON FUNCTION msgstore_internal.hresult_eq(msgstore.hresult,
												 msgstore.hresult) IS
	'Implement the operator =';

CREATE FUNCTION msgstore_internal.hresult_ne(msgstore.hresult,
											 msgstore.hresult)
	RETURNS boolean
	LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'int4ne';
COMMENT ON FUNCTION msgstore_internal.hresult_ne(msgstore.hresult,
												 msgstore.hresult) IS
	'Implement the operator <>';

CREATE FUNCTION msgstore_internal.hresult_lt(msgstore.hresult,
											 msgstore.hresult)
	RETURNS boolean
	LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'int4lt';
COMMENT ON FUNCTION msgstore_internal.hresult_lt(msgstore.hresult,
												 msgstore.hresult) IS
	'Implement the operator <';

CREATE FUNCTION msgstore_internal.hresult_le(msgstore.hresult,
											 msgstore.hresult)
	RETURNS boolean
	LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'int4le';
COMMENT ON FUNCTION msgstore_internal.hresult_le(msgstore.hresult,
												 msgstore.hresult) IS
	'Implement the operator <=';

CREATE FUNCTION msgstore_internal.hresult_gt(msgstore.hresult,
											 msgstore.hresult)
	RETURNS boolean
	LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'int4gt';
COMMENT ON FUNCTION msgstore_internal.hresult_gt(msgstore.hresult,
												 msgstore.hresult) IS
	'Implement the operator >';

CREATE FUNCTION msgstore_internal.hresult_ge(msgstore.hresult,
											 msgstore.hresult)
	RETURNS boolean
	LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'int4ge';
COMMENT ON FUNCTION msgstore_internal.hresult_ge(msgstore.hresult,
												 msgstore.hresult) IS
	'Implement the operator >=';

CREATE OPERATOR pg_catalog.= (
	FUNCTION = msgstore_internal.hresult_eq,
	LEFTARG = msgstore.hresult,
	RIGHTARG = msgstore.hresult,
	COMMUTATOR = OPERATOR(pg_catalog.=),
	NEGATOR = OPERATOR(pg_catalog.<>),
	RESTRICT = pg_catalog.eqsel,
	JOIN = pg_catalog.eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR pg_catalog.= (msgstore.hresult, msgstore.hresult) IS
	'equal';

CREATE OPERATOR pg_catalog.<> (
	FUNCTION = msgstore_internal.hresult_ne,
	LEFTARG = msgstore.hresult,
	RIGHTARG = msgstore.hresult,
	COMMUTATOR = OPERATOR(pg_catalog.<>),
	NEGATOR = OPERATOR(pg_catalog.=),
	RESTRICT = pg_catalog.neqsel,
	JOIN = pg_catalog.neqjoinsel
);
COMMENT ON OPERATOR pg_catalog.<> (msgstore.hresult, msgstore.hresult) IS
	'not equal';

CREATE OPERATOR pg_catalog.< (
	FUNCTION = msgstore_internal.hresult_lt,
	LEFTARG = msgstore.hresult,
	RIGHTARG = msgstore.hresult,
	COMMUTATOR = OPERATOR(pg_catalog.>),
	NEGATOR = OPERATOR(pg_catalog.>=),
	RESTRICT = pg_catalog.scalarltsel,
	JOIN = pg_catalog.scalarltjoinsel
);
COMMENT ON OPERATOR pg_catalog.< (msgstore.hresult, msgstore.hresult) IS
	'less than';

CREATE OPERATOR pg_catalog.<= (
	FUNCTION = msgstore_internal.hresult_le,
	LEFTARG = msgstore.hresult,
	RIGHTARG = msgstore.hresult,
	COMMUTATOR = OPERATOR(pg_catalog.>=),
	NEGATOR = OPERATOR(pg_catalog.>),
	RESTRICT = pg_catalog.scalarlesel,
	JOIN = pg_catalog.scalarlejoinsel
);
COMMENT ON OPERATOR pg_catalog.<= (msgstore.hresult, msgstore.hresult) IS
	'less than or equal';

CREATE OPERATOR pg_catalog.> (
	FUNCTION = msgstore_internal.hresult_gt,
	LEFTARG = msgstore.hresult,
	RIGHTARG = msgstore.hresult,
	COMMUTATOR = OPERATOR(pg_catalog.<),
	NEGATOR = OPERATOR(pg_catalog.<=),
	RESTRICT = pg_catalog.scalargtsel,
	JOIN = pg_catalog.scalargtjoinsel
);
COMMENT ON OPERATOR pg_catalog.> (msgstore.hresult, msgstore.hresult) IS
	'greater than';

CREATE OPERATOR pg_catalog.>= (
	FUNCTION = msgstore_internal.hresult_ge,
	LEFTARG = msgstore.hresult,
	RIGHTARG = msgstore.hresult,
	COMMUTATOR = OPERATOR(pg_catalog.<=),
	NEGATOR = OPERATOR(pg_catalog.<),
	RESTRICT = pg_catalog.scalargesel,
	JOIN = pg_catalog.scalargejoinsel
);
COMMENT ON OPERATOR pg_catalog.>= (msgstore.hresult, msgstore.hresult) IS
	'greater than or equal';

CREATE FUNCTION msgstore_internal.hresult_cmp(msgstore.hresult,
											  msgstore.hresult)
	RETURNS integer
	LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'btint4cmp';
COMMENT ON FUNCTION msgstore_internal.hresult_cmp(msgstore.hresult,
												  msgstore.hresult) IS
	'Compare two results by their numbers';

CREATE FUNCTION msgstore_internal.hresult_hash(msgstore.hresult)
	RETURNS integer
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'hashint4';
COMMENT ON FUNCTION msgstore_internal.hresult_hash(msgstore.hresult) IS
	'Hash a result';

CREATE FUNCTION msgstore_internal.hresult_hash_extended(msgstore.hresult,
														bigint)
	RETURNS bigint
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'hashint4extended';
COMMENT ON FUNCTION msgstore_internal.hresult_hash_extended(msgstore.hresult,
															bigint) IS
	'Hash a result with a seed';

CREATE OPERATOR CLASS msgstore.hresult_ops
	DEFAULT FOR TYPE msgstore.hresult USING btree AS
	OPERATOR 1 pg_catalog.<,
	OPERATOR 2 pg_catalog.<=,
	OPERATOR 3 pg_catalog.=,
	OPERATOR 4 pg_catalog.>=,
	OPERATOR 5 pg_catalog.>,
	FUNCTION 1 msgstore_internal.hresult_cmp(msgstore.hresult,
											 msgstore.hresult);
COMMENT ON OPERATOR CLASS msgstore.hresult_ops USING btree IS
	'Results in the order of their numbers, failures first';
COMMENT ON OPERATOR FAMILY msgstore.hresult_ops USING btree IS
	'Results in the order of their numbers, failures first';

CREATE OPERATOR CLASS msgstore.hresult_ops
	DEFAULT FOR TYPE msgstore.hresult USING hash AS
	OPERATOR 1 pg_catalog.=,
	FUNCTION 1 msgstore_internal.hresult_hash(msgstore.hresult),
	FUNCTION 2 msgstore_internal.hresult_hash_extended(msgstore.hresult,
													   bigint);
COMMENT ON OPERATOR CLASS msgstore.hresult_ops USING hash IS
	'Hashed results';
COMMENT ON OPERATOR FAMILY msgstore.hresult_ops USING hash IS
	'Hashed results';

CREATE FUNCTION msgstore.succeeded(result msgstore.hresult)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'hresult_succeeded';
COMMENT ON FUNCTION msgstore.succeeded(msgstore.hresult) IS
	'Return true for a success or a warning';

CREATE FUNCTION msgstore.failed(result msgstore.hresult)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'hresult_failed';
COMMENT ON FUNCTION msgstore.failed(msgstore.hresult) IS
	'Return true for a failure';

CREATE FUNCTION msgstore.throw_if_failed(result msgstore.hresult,
										 handle integer DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'hresult_throw_if_failed';
COMMENT ON FUNCTION msgstore.throw_if_failed(msgstore.hresult, integer) IS
	'Return a success unchanged, raise a failure as an error of class MA or '
	'MB';

/* ====================================================================== flags
 *
 * Sets of named bits, one type per kind of call: flags.c.  The types read
 * names joined by |, hex or decimal, and print names.  Any integer casts to
 * them implicitly, since drivers send integers of any width; the casts back
 * are explicit.
 *
 * Operators and casts are those of integer.  To add a type, write one line in
 * the list below and its table of names in flags.c.
 */

DO $script$
DECLARE
	flags_type pg_catalog.text;
	purpose pg_catalog.text;
BEGIN
	FOR flags_type, purpose IN VALUES
		('open_flags',
		 'How a message is opened: MAPI_MODIFY|MAPI_BEST_ACCESS'),
		('save_flags',
		 'How a message is saved: FORCE_SAVE|KEEP_OPEN_READWRITE'),
		('create_flags',
		 'How a message is created: MAPI_ASSOCIATED'),
		('delete_flags',
		 'How messages and folders are deleted: DELETE_HARD_DELETE'),
		('read_flags',
		 'How read flags are set: SUPPRESS_RECEIPT, CLEAR_READ_FLAG'),
		('folder_flags',
		 'How a folder is created or copied: OPEN_IF_EXISTS'),
		('recipient_flags',
		 'How a recipient list is changed: MODRECIP_ADD'),
		('embedded_flags',
		 'How an embedded message is opened: MAPI_MODIFY|MAPI_CREATE'),
		('copy_flags',
		 'How properties are copied: MAPI_MOVE|MAPI_NOREPLACE'),
		('notify_events',
		 'Of what advise() notifies: NEW_MAIL|OBJECT_CREATED'),
		('table_flags',
		 'How messages are listed: CONVENIENT_DEPTH|SHOW_SOFT_DELETES'),
		('search_flags',
		 'How a search folder searches: RECURSIVE, STATIC, STOP'),
		('folder_rights',
		 'What a role may do in a folder: READ_ANY|CREATE, or REVIEWER')
	LOOP
		EXECUTE pg_catalog.format($template$

CREATE TYPE msgstore.%1$s;

CREATE FUNCTION msgstore_internal.%1$s_in(cstring)
	RETURNS msgstore.%1$s
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', '%1$s_in';
COMMENT ON FUNCTION msgstore_internal.%1$s_in(cstring) IS
	'Read the text form of flags: names and numbers joined by |';

CREATE FUNCTION msgstore_internal.%1$s_out(msgstore.%1$s)
	RETURNS cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', '%1$s_out';
COMMENT ON FUNCTION msgstore_internal.%1$s_out(msgstore.%1$s) IS
	'Write the text form of flags: names joined by |, other bits in hex';

CREATE FUNCTION msgstore_internal.%1$s_recv(internal)
	RETURNS msgstore.%1$s
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'int4recv';
COMMENT ON FUNCTION msgstore_internal.%1$s_recv(internal) IS
	'Read the binary form of flags, an integer';

CREATE FUNCTION msgstore_internal.%1$s_send(msgstore.%1$s)
	RETURNS bytea
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'int4send';
COMMENT ON FUNCTION msgstore_internal.%1$s_send(msgstore.%1$s) IS
	'Write the binary form of flags, an integer';

CREATE TYPE msgstore.%1$s (
	INPUT = msgstore_internal.%1$s_in,
	OUTPUT = msgstore_internal.%1$s_out,
	RECEIVE = msgstore_internal.%1$s_recv,
	SEND = msgstore_internal.%1$s_send,
	LIKE = pg_catalog.int4
);
COMMENT ON TYPE msgstore.%1$s IS %2$L;

CREATE FUNCTION msgstore_internal.%1$s_from_smallint(smallint)
	RETURNS msgstore.%1$s
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'i2toi4';
COMMENT ON FUNCTION msgstore_internal.%1$s_from_smallint(smallint) IS
	'Implement the cast from smallint';

CREATE FUNCTION msgstore_internal.%1$s_from_bigint(bigint)
	RETURNS msgstore.%1$s
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'int84';
COMMENT ON FUNCTION msgstore_internal.%1$s_from_bigint(bigint) IS
	'Implement the cast from bigint';

CREATE FUNCTION msgstore_internal.%1$s_to_smallint(msgstore.%1$s)
	RETURNS smallint
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'i4toi2';
COMMENT ON FUNCTION msgstore_internal.%1$s_to_smallint(msgstore.%1$s) IS
	'Implement the cast to smallint';

CREATE FUNCTION msgstore_internal.%1$s_to_bigint(msgstore.%1$s)
	RETURNS bigint
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'int48';
COMMENT ON FUNCTION msgstore_internal.%1$s_to_bigint(msgstore.%1$s) IS
	'Implement the cast to bigint';

CREATE CAST (smallint AS msgstore.%1$s)
	WITH FUNCTION msgstore_internal.%1$s_from_smallint(smallint) AS IMPLICIT;
COMMENT ON CAST (smallint AS msgstore.%1$s) IS
	'Return the flags of these bits';

CREATE CAST (integer AS msgstore.%1$s)
	WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (integer AS msgstore.%1$s) IS
	'Return the flags of these bits';

CREATE CAST (bigint AS msgstore.%1$s)
	WITH FUNCTION msgstore_internal.%1$s_from_bigint(bigint) AS IMPLICIT;
COMMENT ON CAST (bigint AS msgstore.%1$s) IS
	'Return the flags of these bits';

CREATE CAST (msgstore.%1$s AS smallint)
	WITH FUNCTION msgstore_internal.%1$s_to_smallint(msgstore.%1$s);
COMMENT ON CAST (msgstore.%1$s AS smallint) IS
	'Return the bits of these flags';

CREATE CAST (msgstore.%1$s AS integer)
	WITHOUT FUNCTION;
COMMENT ON CAST (msgstore.%1$s AS integer) IS
	'Return the bits of these flags';

CREATE CAST (msgstore.%1$s AS bigint)
	WITH FUNCTION msgstore_internal.%1$s_to_bigint(msgstore.%1$s);
COMMENT ON CAST (msgstore.%1$s AS bigint) IS
	'Return the bits of these flags';

CREATE FUNCTION msgstore_internal.%1$s_or(msgstore.%1$s, msgstore.%1$s)
	RETURNS msgstore.%1$s
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'int4or';
COMMENT ON FUNCTION msgstore_internal.%1$s_or(msgstore.%1$s, msgstore.%1$s) IS
	'Implement the operator |';

CREATE FUNCTION msgstore_internal.%1$s_and(msgstore.%1$s, msgstore.%1$s)
	RETURNS msgstore.%1$s
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
	AS 'int4and';
COMMENT ON FUNCTION msgstore_internal.%1$s_and(msgstore.%1$s, msgstore.%1$s) IS
	'Implement the operator &';

CREATE FUNCTION msgstore_internal.%1$s_eq(msgstore.%1$s, msgstore.%1$s)
	RETURNS boolean
	LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'int4eq';
COMMENT ON FUNCTION msgstore_internal.%1$s_eq(msgstore.%1$s, msgstore.%1$s) IS
	'Implement the operator =';

CREATE FUNCTION msgstore_internal.%1$s_ne(msgstore.%1$s, msgstore.%1$s)
	RETURNS boolean
	LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'int4ne';
COMMENT ON FUNCTION msgstore_internal.%1$s_ne(msgstore.%1$s, msgstore.%1$s) IS
	'Implement the operator <>';

CREATE OPERATOR pg_catalog.| (
	FUNCTION = msgstore_internal.%1$s_or,
	LEFTARG = msgstore.%1$s,
	RIGHTARG = msgstore.%1$s,
	COMMUTATOR = OPERATOR(pg_catalog.|)
);
COMMENT ON OPERATOR pg_catalog.| (msgstore.%1$s, msgstore.%1$s) IS
	'flags of either side';

CREATE OPERATOR pg_catalog.& (
	FUNCTION = msgstore_internal.%1$s_and,
	LEFTARG = msgstore.%1$s,
	RIGHTARG = msgstore.%1$s,
	COMMUTATOR = OPERATOR(pg_catalog.&)
);
COMMENT ON OPERATOR pg_catalog.& (msgstore.%1$s, msgstore.%1$s) IS
	'flags of both sides';

CREATE OPERATOR pg_catalog.= (
	FUNCTION = msgstore_internal.%1$s_eq,
	LEFTARG = msgstore.%1$s,
	RIGHTARG = msgstore.%1$s,
	COMMUTATOR = OPERATOR(pg_catalog.=),
	NEGATOR = OPERATOR(pg_catalog.<>),
	RESTRICT = pg_catalog.eqsel,
	JOIN = pg_catalog.eqjoinsel
);
COMMENT ON OPERATOR pg_catalog.= (msgstore.%1$s, msgstore.%1$s) IS
	'equal';

CREATE OPERATOR pg_catalog.<> (
	FUNCTION = msgstore_internal.%1$s_ne,
	LEFTARG = msgstore.%1$s,
	RIGHTARG = msgstore.%1$s,
	COMMUTATOR = OPERATOR(pg_catalog.<>),
	NEGATOR = OPERATOR(pg_catalog.=),
	RESTRICT = pg_catalog.neqsel,
	JOIN = pg_catalog.neqjoinsel
);
COMMENT ON OPERATOR pg_catalog.<> (msgstore.%1$s, msgstore.%1$s) IS
	'not equal'

		$template$, flags_type, purpose);
	END LOOP;
END
$script$;

/* ===================================================================== number
 *
 * Ids and change numbers: 10 bits of node, 43 bits of counter, never given out
 * twice: number.c.  Every number is below 2^53, and exact in a double.
 */

CREATE SEQUENCE msgstore.store_id_seq
	MINVALUE 0 MAXVALUE 8796093022207 START 1;
COMMENT ON SEQUENCE msgstore.store_id_seq IS 'Counter of store ids';

CREATE SEQUENCE msgstore.folder_id_seq
	MINVALUE 0 MAXVALUE 8796093022207 START 1;
COMMENT ON SEQUENCE msgstore.folder_id_seq IS 'Counter of folder ids';

CREATE SEQUENCE msgstore.message_id_seq
	MINVALUE 0 MAXVALUE 8796093022207 START 1;
COMMENT ON SEQUENCE msgstore.message_id_seq IS 'Counter of message ids';

CREATE SEQUENCE msgstore.parked_id_seq
	MINVALUE 0 MAXVALUE 8796093022207 START 1;
COMMENT ON SEQUENCE msgstore.parked_id_seq IS 'Counter of parked drafts';

CREATE SEQUENCE msgstore.blob_id_seq
	MINVALUE 0 MAXVALUE 8796093022207 START 1;
COMMENT ON SEQUENCE msgstore.blob_id_seq IS 'Counter of blobs';

CREATE SEQUENCE msgstore.change_number_seq
	MINVALUE 0 MAXVALUE 8796093022207 START 1;
COMMENT ON SEQUENCE msgstore.change_number_seq IS 'Counter of change numbers';

/*
 * The number of this node, in the upper bits of every number.  A database
 * where set_node_number() never ran has no row, and is node 0.
 */
CREATE TABLE msgstore.node (
	node_number  integer PRIMARY KEY
		CHECK (node_number OPERATOR(pg_catalog.>=) 0
			   AND node_number OPERATOR(pg_catalog.<=) 1023)
);
CREATE UNIQUE INDEX node_single ON msgstore.node ((true));

COMMENT ON TABLE msgstore.node IS
	'At most one row: the number of this node; node 0 has no row';
COMMENT ON COLUMN msgstore.node.node_number IS
	'The upper 10 bits of every number given out here';

/*
 * One row per incarnation: a run of the number series in which no number can
 * have been forgotten.  A number belongs to the newest incarnation of its node
 * that began below the number.  Every transaction that uses numbers of an
 * incarnation writes the row, unless a committed row is there; transactions
 * that do so at one time write equal rows.
 */
CREATE TABLE msgstore.incarnation (
	incarnation        bigint      NOT NULL,
	node_number        integer     NOT NULL,
	message_id         bigint      NOT NULL,
	folder_id          bigint      NOT NULL,
	replica_guid       uuid        NOT NULL,
	system_identifier  bigint      NOT NULL,
	wal_position       pg_lsn      NOT NULL,
	began_at           timestamptz NOT NULL,
	written_by         xid8        NOT NULL,
	PRIMARY KEY (replica_guid, written_by)
);

COMMENT ON TABLE msgstore.incarnation IS
	'The incarnations of the number series, and the GUIDs of their keys';
COMMENT ON COLUMN msgstore.incarnation.incarnation IS
	'Counter of the change numbers when it began; its own are greater';
COMMENT ON COLUMN msgstore.incarnation.node_number IS
	'The node whose numbers it gives out';
COMMENT ON COLUMN msgstore.incarnation.message_id IS
	'Counter of the message ids when it began';
COMMENT ON COLUMN msgstore.incarnation.folder_id IS
	'Counter of the folder ids when it began';
COMMENT ON COLUMN msgstore.incarnation.replica_guid IS
	'GUID of the change keys and source keys made from its numbers';
COMMENT ON COLUMN msgstore.incarnation.system_identifier IS
	'The cluster in which it began';
COMMENT ON COLUMN msgstore.incarnation.wal_position IS
	'The position in the WAL of that cluster at which it began';
COMMENT ON COLUMN msgstore.incarnation.began_at IS
	'The time at which it began';
COMMENT ON COLUMN msgstore.incarnation.written_by IS
	'The transaction that wrote the row';

/*
 * The marker of the running incarnation.  PostgreSQL empties an unlogged table
 * after a crash, and its row is neither in a dump nor on a new primary; a copy
 * of the database or of the cluster has a row of another database or of an
 * earlier postmaster.  A session that finds no marker of its own begins a new
 * incarnation: numbers may have been given out that are not known here.  The
 * first columns are those of incarnation.
 */
CREATE UNLOGGED TABLE msgstore.number_marker (
	incarnation         bigint      NOT NULL,
	node_number         integer     NOT NULL,
	message_id          bigint      NOT NULL,
	folder_id           bigint      NOT NULL,
	replica_guid        uuid        NOT NULL,
	system_identifier   bigint      NOT NULL,
	wal_position        pg_lsn      NOT NULL,
	began_at            timestamptz NOT NULL,
	database            oid         NOT NULL,
	postmaster_started  timestamptz NOT NULL
);

COMMENT ON TABLE msgstore.number_marker IS
	'The running incarnation, lost in a crash: without a row the number '
	'series move on';
COMMENT ON COLUMN msgstore.number_marker.incarnation IS
	'As in table incarnation';
COMMENT ON COLUMN msgstore.number_marker.node_number IS
	'As in table incarnation; after a change of the node the row does not '
	'count';
COMMENT ON COLUMN msgstore.number_marker.message_id IS
	'As in table incarnation';
COMMENT ON COLUMN msgstore.number_marker.folder_id IS
	'As in table incarnation';
COMMENT ON COLUMN msgstore.number_marker.replica_guid IS
	'As in table incarnation';
COMMENT ON COLUMN msgstore.number_marker.system_identifier IS
	'As in table incarnation';
COMMENT ON COLUMN msgstore.number_marker.wal_position IS
	'As in table incarnation';
COMMENT ON COLUMN msgstore.number_marker.began_at IS
	'As in table incarnation';
COMMENT ON COLUMN msgstore.number_marker.database IS
	'The database of the row; rows of other databases came with a copy';
COMMENT ON COLUMN msgstore.number_marker.postmaster_started IS
	'Start time of the server; after another start the row does not count';

CREATE FUNCTION msgstore.set_node_number(node integer)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_node_number';
REVOKE EXECUTE ON FUNCTION msgstore.set_node_number(integer) FROM PUBLIC;
COMMENT ON FUNCTION msgstore.set_node_number(integer) IS
	'Set the upper 10 bits of the ids and change numbers given out from now '
	'on: 0 to 1023';

/* ===================================================================== rights
 *
 * The rights of roles in folders: access.c, rights.c.
 */

/*
 * One row per folder and role that is granted something there.  Members are
 * stored by name, and a name outlives DROP ROLE.  No role can be named public,
 * so that name stands for PUBLIC.
 */
CREATE TABLE msgstore.folder_right (
	store_id   bigint                 NOT NULL,
	folder_id  bigint                 NOT NULL,
	member     text                   NOT NULL,
	rights     msgstore.folder_rights NOT NULL,
	PRIMARY KEY (store_id, folder_id, member)
);

COMMENT ON TABLE msgstore.folder_right IS
	'One row per folder and role with rights there; the owner of the store '
	'needs none';
COMMENT ON COLUMN msgstore.folder_right.store_id IS
	'The store of the folder';
COMMENT ON COLUMN msgstore.folder_right.folder_id IS
	'The folder';
COMMENT ON COLUMN msgstore.folder_right.member IS
	'The role, by name; public stands for PUBLIC';
COMMENT ON COLUMN msgstore.folder_right.rights IS
	'The rights granted; 0 shuts the role out of the rights of PUBLIC';

CREATE FUNCTION msgstore.may_use_store(store_id bigint)
	RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'may_use_store';
COMMENT ON FUNCTION msgstore.may_use_store(bigint) IS
	'Return true if the store exists and the current role sees a folder of it';

CREATE FUNCTION msgstore_internal.folder_visible(store_id bigint,
												 folder_id bigint)
	RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'folder_visible';
COMMENT ON FUNCTION msgstore_internal.folder_visible(bigint, bigint) IS
	'Return true if the current role sees the folder';

CREATE FUNCTION msgstore_internal.message_readable(store_id bigint,
												   folder_id bigint,
												   creator text)
	RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'message_readable';
COMMENT ON FUNCTION msgstore_internal.message_readable(bigint, bigint, text) IS
	'Return true if the current role may read a message of the folder that '
	'this role created';

CREATE FUNCTION msgstore_internal.history_readable(store_id bigint,
												   message_id bigint)
	RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100
	AS 'MODULE_PATHNAME', 'history_readable';
COMMENT ON FUNCTION msgstore_internal.history_readable(bigint, bigint) IS
	'Return true if the current role may read the changes of a message';

CREATE FUNCTION msgstore_internal.owns_store(store_id bigint)
	RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 10
	AS 'MODULE_PATHNAME', 'owns_store';
COMMENT ON FUNCTION msgstore_internal.owns_store(bigint) IS
	'Return true if the store exists and the current role is its owner';

CREATE FUNCTION msgstore_internal.role_may_edit(store_id bigint,
												folder_id bigint, role text)
	RETURNS boolean
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 10
	AS 'MODULE_PATHNAME', 'role_may_edit';
COMMENT ON FUNCTION msgstore_internal.role_may_edit(bigint, bigint, text) IS
	'Return true if store and role exist and the role may edit messages in '
	'the folder, or with folder_id NULL in any folder';

CREATE FUNCTION msgstore.grant_folder(store_id bigint, folder_id bigint,
									  member text,
									  rights msgstore.folder_rights)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'grant_folder';
COMMENT ON FUNCTION msgstore.grant_folder(bigint, bigint, text,
										  msgstore.folder_rights) IS
	'Grant a role, or PUBLIC, these rights in a folder in place of those '
	'granted before';

CREATE FUNCTION msgstore.revoke_folder(store_id bigint, folder_id bigint,
									   member text)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'revoke_folder';
COMMENT ON FUNCTION msgstore.revoke_folder(bigint, bigint, text) IS
	'Remove the grant to a role, or to PUBLIC, in a folder';

CREATE FUNCTION msgstore.effective_rights(store_id bigint, folder_id bigint,
										  member text DEFAULT NULL)
	RETURNS msgstore.folder_rights
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'effective_rights';
COMMENT ON FUNCTION msgstore.effective_rights(bigint, bigint, text) IS
	'Return the rights that a role, PUBLIC, or with NULL the current role has '
	'in a folder';

CREATE FUNCTION msgstore.give_store(store_id bigint, owner text)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'give_store';
COMMENT ON FUNCTION msgstore.give_store(bigint, text) IS
	'Make another role, of which the caller is a member, the owner of a store';

CREATE VIEW msgstore.folder_permissions WITH (security_barrier) AS
	SELECT r.store_id, r.folder_id,
		   CASE WHEN r.member OPERATOR(pg_catalog.=) 'public' THEN 'PUBLIC'
				ELSE r.member END AS member, r.rights
	FROM msgstore.folder_right AS r
	WHERE msgstore_internal.folder_visible(r.store_id, r.folder_id);
GRANT SELECT ON msgstore.folder_permissions TO PUBLIC;
COMMENT ON VIEW msgstore.folder_permissions IS
	'The rights granted in the folders that the current role sees';

/* ====================================================================== store
 *
 * Stores and the tables of their folders: store.c, access.c.  The tables are
 * small.  The module reads and writes them through SPI as their owner, for
 * callers without rights on them.
 */

/*
 * One row per store: its owner, the GUID of its keys, and its retention.
 */
CREATE TABLE msgstore.store (
	store_id           bigint      NOT NULL PRIMARY KEY,
	name               text        NOT NULL UNIQUE,
	owner              text        NOT NULL,
	replica_guid       uuid        NOT NULL,
	created_at         timestamptz NOT NULL,
	keep_age           interval,
	keep_count         integer,
	rights_generation  bigint      NOT NULL DEFAULT 0,
	keep_originals     boolean     NOT NULL DEFAULT true,
	props              jsonb       NOT NULL DEFAULT '{}',
	pruned_incarnation bigint,
	pruned_xid         xid8,
	wakeups            boolean     NOT NULL DEFAULT false
);

COMMENT ON TABLE msgstore.store IS
	'One row per message store: the unit of ownership and of distribution';
COMMENT ON COLUMN msgstore.store.store_id IS
	'The id of the store, first in every key and every call';
COMMENT ON COLUMN msgstore.store.name IS
	'Display name, unique in the database';
COMMENT ON COLUMN msgstore.store.owner IS
	'The role, by name, that owns the store; its members may use the store';
COMMENT ON COLUMN msgstore.store.replica_guid IS
	'GUID in the entry ids of this store';
COMMENT ON COLUMN msgstore.store.created_at IS
	'The time of create_store()';
COMMENT ON COLUMN msgstore.store.keep_age IS
	'prune_history() leaves changes younger than this age; NULL: no change is '
	'protected by its age';
COMMENT ON COLUMN msgstore.store.keep_originals IS
	'write_original() stores the mail that messages are made from';
COMMENT ON COLUMN msgstore.store.keep_count IS
	'prune_history() leaves this number of the newest changes of each '
	'message; NULL: no change is protected by its rank';
COMMENT ON COLUMN msgstore.store.rights_generation IS
	'A new change number with every change of owner or rights, which tells '
	'sessions to read them again';

COMMENT ON COLUMN msgstore.store.props IS
	'The properties that set_store_props() has set, keyed by canonical name';
COMMENT ON COLUMN msgstore.store.pruned_incarnation IS
	'The incarnation of the newest change of place that was pruned; NULL if '
	'none was';
COMMENT ON COLUMN msgstore.store.pruned_xid IS
	'The transaction of that change: the feed refuses older tokens';
COMMENT ON COLUMN msgstore.store.wakeups IS
	'A transaction that changes the store notifies msgstore_<store_id>';

/*
 * No table has a foreign key: pg_restore creates those of an extension before
 * it loads data by several jobs, which would refuse rows whose parents are
 * still to come.  Whoever inserts a child locks the parent to commit, and a
 * trigger refuses to delete a parent that has children: parent.c.
 */
CREATE FUNCTION msgstore_internal.refuse_orphans()
	RETURNS trigger
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'refuse_orphans';
COMMENT ON FUNCTION msgstore_internal.refuse_orphans() IS
	'Refuse to delete a store, folder or blob that other rows need';

CREATE TRIGGER refuse_orphans AFTER DELETE OR UPDATE OF store_id
	ON msgstore.store
	FOR EACH ROW EXECUTE FUNCTION msgstore_internal.refuse_orphans();
COMMENT ON TRIGGER refuse_orphans ON msgstore.store IS
	'Refuse to delete a store that has folders, messages, drafts, blobs or '
	'named properties';

/*
 * One row per folder.
 *
 * The names of the folders of one parent are unique except for deleted
 * folders.  The index is partial for another reason too: a row whose name
 * changes is not locked against the locks of those who place messages.
 */
CREATE TABLE msgstore.folder (
	store_id       bigint      NOT NULL,
	folder_id      bigint      NOT NULL,
	parent_id      bigint,
	name           text        NOT NULL,
	special        text,
	created_at     timestamptz NOT NULL,
	deleted_at     timestamptz,
	deleted_with   bigint,
	props          jsonb       NOT NULL,
	change_number  bigint      NOT NULL,
	modified_at    timestamptz NOT NULL,
	modifier       text        NOT NULL,
	lineage        bytea,
	search_flags       integer,
	search_restriction jsonb,
	search_folders     bigint[],
	search_held        bigint[],
	PRIMARY KEY (store_id, folder_id),
	UNIQUE (store_id, special)
);
CREATE UNIQUE INDEX folder_name
	ON msgstore.folder (store_id, parent_id, name)
	WHERE deleted_at IS NULL;
CREATE INDEX folder_parent ON msgstore.folder (store_id, parent_id);

COMMENT ON TABLE msgstore.folder IS
	'One row per folder; each store has one root, whose parent is NULL';
COMMENT ON COLUMN msgstore.folder.store_id IS
	'The store of the folder';
COMMENT ON COLUMN msgstore.folder.folder_id IS
	'The id of the folder, unique in the store';
COMMENT ON COLUMN msgstore.folder.parent_id IS
	'The folder above, in the same store; NULL for the root';
COMMENT ON COLUMN msgstore.folder.name IS
	'Display name, unique among the folders of one parent';
COMMENT ON COLUMN msgstore.folder.special IS
	'The name of a standard folder (Root, Inbox, Outbox, Sent Items, Deleted '
	'Items, Drafts, Conflicts); NULL for any other folder';
COMMENT ON COLUMN msgstore.folder.created_at IS
	'The time of create_store(), create_folder() or copy_folder()';
COMMENT ON COLUMN msgstore.folder.deleted_at IS
	'The time of the soft deletion; NULL if not deleted';
COMMENT ON COLUMN msgstore.folder.deleted_with IS
	'The folder whose deletion took this folder along, or this folder itself; '
	'NULL if not deleted';
COMMENT ON COLUMN msgstore.folder.props IS
	'The properties that set_folder_props() has set, keyed by canonical name';
COMMENT ON COLUMN msgstore.folder.change_number IS
	'The version of the folder: changes with every change of the folder '
	'itself, not with those of its messages';
COMMENT ON COLUMN msgstore.folder.modified_at IS
	'The time of the last change; never goes back';
COMMENT ON COLUMN msgstore.folder.modifier IS
	'The author of the last change: the actor if one was set, else the role';
COMMENT ON COLUMN msgstore.folder.lineage IS
	'The keys of the version if they cannot be computed from its number: '
	'lineage.c';
COMMENT ON COLUMN msgstore.folder.search_flags IS
	'Of a search folder: how it searches (search_flags); NULL for any other';
COMMENT ON COLUMN msgstore.folder.search_restriction IS
	'Of a search folder: what it looks for; NULL if not set yet';
COMMENT ON COLUMN msgstore.folder.search_folders IS
	'Of a search folder: where it looks; NULL if not set yet';
COMMENT ON COLUMN msgstore.folder.search_held IS
	'Of a search that is stopped or static: the messages that it lists';

/*
 * One row per change of a folder, append-only, as table change has one per
 * change of a message.
 */
CREATE TABLE msgstore.folder_change (
	store_id       bigint      NOT NULL,
	folder_id      bigint      NOT NULL,
	change_number  bigint      NOT NULL,
	previous       bigint,
	incarnation    bigint      NOT NULL,
	xid            xid8        NOT NULL,
	late_xid       xid8,
	changed_at     timestamptz NOT NULL,
	kind           "char"      NOT NULL,
	role           text        NOT NULL,
	actor          text,
	client         text,
	parent_id      bigint,
	name           text        NOT NULL,
	properties     text[]      NOT NULL,
	PRIMARY KEY (store_id, folder_id, change_number)
);
CREATE INDEX folder_change_position
	ON msgstore.folder_change (store_id, incarnation, xid, change_number);
CREATE INDEX folder_change_late ON msgstore.folder_change (store_id, late_xid)
	WHERE late_xid IS NOT NULL;

COMMENT ON TABLE msgstore.folder_change IS
	'One row per change of a folder: author, time, and name and place after '
	'the change';
COMMENT ON COLUMN msgstore.folder_change.store_id IS
	'The store of the folder';
COMMENT ON COLUMN msgstore.folder_change.folder_id IS
	'The folder';
COMMENT ON COLUMN msgstore.folder_change.change_number IS
	'The version that this change made';
COMMENT ON COLUMN msgstore.folder_change.previous IS
	'The version that this change replaced; NULL for a creation, and for a '
	'change of rights, which makes no version';
COMMENT ON COLUMN msgstore.folder_change.incarnation IS
	'The run of the number series; grows with every crash, restore or '
	'failover';
COMMENT ON COLUMN msgstore.folder_change.xid IS
	'As in table change: the place of the change in the feed';
COMMENT ON COLUMN msgstore.folder_change.late_xid IS
	'As in table change';
COMMENT ON COLUMN msgstore.folder_change.changed_at IS
	'The time of the change';
COMMENT ON COLUMN msgstore.folder_change.kind IS
	'c create, n rename, m move, p properties, d delete, r restore, h hard '
	'delete, a rights';
COMMENT ON COLUMN msgstore.folder_change.role IS
	'The database role of the author';
COMMENT ON COLUMN msgstore.folder_change.actor IS
	'The user of the application, from msgstore.actor';
COMMENT ON COLUMN msgstore.folder_change.client IS
	'application_name of the session';
COMMENT ON COLUMN msgstore.folder_change.parent_id IS
	'The folder above, after the change; NULL for the root';
COMMENT ON COLUMN msgstore.folder_change.name IS
	'The name of the folder after the change';
COMMENT ON COLUMN msgstore.folder_change.properties IS
	'The properties that the change set or deleted';

CREATE TRIGGER refuse_orphans AFTER DELETE OR UPDATE OF store_id, folder_id
	ON msgstore.folder
	FOR EACH ROW EXECUTE FUNCTION msgstore_internal.refuse_orphans();
COMMENT ON TRIGGER refuse_orphans ON msgstore.folder IS
	'Refuse to delete a folder that has messages or folders';

CREATE FUNCTION msgstore.create_store(name text, owner text DEFAULT NULL)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'create_store';
REVOKE EXECUTE ON FUNCTION msgstore.create_store(text, text) FROM PUBLIC;
COMMENT ON FUNCTION msgstore.create_store(text, text) IS
	'Create a store with its standard folders and return its id; the store '
	'belongs to the role owner, or to the caller if owner is NULL';

CREATE FUNCTION msgstore.special_folder(store_id bigint, special text)
	RETURNS bigint
	LANGUAGE C STABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'special_folder';
COMMENT ON FUNCTION msgstore.special_folder(bigint, text) IS
	'Return the id of a standard folder: Root, Inbox, Outbox, Sent Items, '
	'Deleted Items, Drafts or Conflicts';

CREATE VIEW msgstore.store_list WITH (security_barrier) AS
	SELECT s.store_id, s.name, s.owner, s.created_at, s.keep_age, s.keep_count,
		   s.keep_originals
	FROM msgstore.store AS s
	WHERE msgstore.may_use_store(s.store_id);
GRANT SELECT ON msgstore.store_list TO PUBLIC;
COMMENT ON VIEW msgstore.store_list IS
	'The stores that the current role may use';

CREATE FUNCTION msgstore_internal.content_count(store_id bigint,
												folder_id bigint)
	RETURNS bigint
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000
	AS 'MODULE_PATHNAME', 'content_count';
COMMENT ON FUNCTION msgstore_internal.content_count(bigint, bigint) IS
	'Return the number of messages in a folder that the caller may read';

CREATE FUNCTION msgstore_internal.folder_unread(store_id bigint,
												folder_id bigint)
	RETURNS bigint
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000
	AS 'MODULE_PATHNAME', 'folder_unread';
COMMENT ON FUNCTION msgstore_internal.folder_unread(bigint, bigint) IS
	'Return count_unread() for the current role and actor; 0 for a folder '
	'that does not exist';

CREATE VIEW msgstore.folder_list WITH (security_barrier) AS
	SELECT f.store_id, f.folder_id,
		   CASE WHEN msgstore_internal.folder_visible(f.store_id, f.parent_id)
				THEN f.parent_id END AS parent_id,
		   f.name, f.special, f.created_at,
		   msgstore_internal.folder_unread(f.store_id, f.folder_id)
				AS unread,
		   f.search_flags IS NOT NULL AS is_search,
		   msgstore_internal.content_count(f.store_id, f.folder_id)
			   AS content_count
	FROM msgstore.folder AS f
	WHERE f.deleted_at IS NULL
	  AND msgstore_internal.folder_visible(f.store_id, f.folder_id);
GRANT SELECT ON msgstore.folder_list TO PUBLIC;
COMMENT ON VIEW msgstore.folder_list IS
	'The folders (not deleted) that the current role sees; parent_id is NULL '
	'below a folder that it does not see, unread is the number of messages '
	'that the role and actor have not read';

CREATE VIEW msgstore.deleted_folder_list WITH (security_barrier) AS
	SELECT f.store_id, f.folder_id,
		   CASE WHEN msgstore_internal.folder_visible(f.store_id, f.parent_id)
				THEN f.parent_id END AS parent_id,
		   f.name, f.deleted_at, f.deleted_with, f.change_number
	FROM msgstore.folder AS f
	WHERE f.deleted_at IS NOT NULL
	  AND msgstore_internal.folder_visible(f.store_id, f.folder_id);
GRANT SELECT ON msgstore.deleted_folder_list TO PUBLIC;
COMMENT ON VIEW msgstore.deleted_folder_list IS
	'The folders that restore_folder() can restore; deleted_with is the '
	'folder to restore';

CREATE VIEW msgstore.folder_change_list WITH (security_barrier) AS
	SELECT c.store_id, c.folder_id, c.change_number, c.previous,
		   CASE WHEN c.kind OPERATOR(pg_catalog.=) 'c' THEN 'create'
				WHEN c.kind OPERATOR(pg_catalog.=) 'n' THEN 'rename'
				WHEN c.kind OPERATOR(pg_catalog.=) 'm' THEN 'move'
				WHEN c.kind OPERATOR(pg_catalog.=) 'p' THEN 'properties'
				WHEN c.kind OPERATOR(pg_catalog.=) 'd' THEN 'delete'
				WHEN c.kind OPERATOR(pg_catalog.=) 'r' THEN 'restore'
				WHEN c.kind OPERATOR(pg_catalog.=) 'h' THEN 'hard delete'
				WHEN c.kind OPERATOR(pg_catalog.=) 'i' THEN 'import'
				WHEN c.kind OPERATOR(pg_catalog.=) 'a' THEN 'rights'
		   END AS kind,
		   coalesce(c.actor, c.role) AS changed_by, c.role, c.actor,
		   c.client, c.changed_at,
		   CASE WHEN msgstore_internal.folder_visible(c.store_id, c.parent_id)
				THEN c.parent_id END AS parent_id,
		   c.name, c.properties
	FROM msgstore.folder_change AS c
	WHERE msgstore_internal.folder_visible(c.store_id, c.folder_id);
GRANT SELECT ON msgstore.folder_change_list TO PUBLIC;
COMMENT ON VIEW msgstore.folder_change_list IS
	'The changes of the folders that the current role sees: author, time, '
	'name and place after the change';

/*
 * The numbers of messages in folders, as differences.  A transaction that
 * places messages has rows of its own; readers fold the rows of ended
 * transactions into one (count.c).
 */
CREATE TABLE msgstore.folder_count (
	store_id            bigint  NOT NULL,
	folder_id           bigint  NOT NULL,
	xid                 xid8    NOT NULL,
	part                integer NOT NULL,
	messages            bigint  NOT NULL,
	associated          bigint  NOT NULL,
	deleted             bigint  NOT NULL,
	deleted_associated  bigint  NOT NULL,
	PRIMARY KEY (store_id, folder_id, xid, part)
);

COMMENT ON TABLE msgstore.folder_count IS
	'Rows whose sums are the numbers of messages in a folder';
COMMENT ON COLUMN msgstore.folder_count.store_id IS
	'The store of the folder';
COMMENT ON COLUMN msgstore.folder_count.folder_id IS
	'The folder';
COMMENT ON COLUMN msgstore.folder_count.xid IS
	'The top-level transaction that wrote the row';
COMMENT ON COLUMN msgstore.folder_count.part IS
	'Part of the transaction: a number of its commands share one row';
COMMENT ON COLUMN msgstore.folder_count.messages IS
	'Messages that are neither deleted nor associated';
COMMENT ON COLUMN msgstore.folder_count.associated IS
	'Associated messages that are not deleted';
COMMENT ON COLUMN msgstore.folder_count.deleted IS
	'Soft-deleted messages that are not associated';
COMMENT ON COLUMN msgstore.folder_count.deleted_associated IS
	'Soft-deleted associated messages';

/* ===================================================================== folder
 *
 * Creating, renaming, moving, copying, emptying, deleting and restoring
 * folders: folder.c, tree.c.  Their properties: container.c.  Their counts:
 * count.c.
 */

CREATE FUNCTION msgstore.create_folder(store_id bigint, parent_id bigint,
									   name text,
									   flags msgstore.folder_flags
										   DEFAULT '0',
									   actor text DEFAULT NULL)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'create_folder';
COMMENT ON FUNCTION msgstore.create_folder(bigint, bigint, text,
										   msgstore.folder_flags, text) IS
	'Create a folder below another folder (NULL: below the root) and return '
	'its id; with OPEN_IF_EXISTS return the folder that has the name already';

CREATE FUNCTION msgstore.rename_folder(store_id bigint, folder_id bigint,
									   name text,
									   actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'rename_folder';
COMMENT ON FUNCTION msgstore.rename_folder(bigint, bigint, text, text) IS
	'Give a folder another name';

CREATE FUNCTION msgstore.move_folder(store_id bigint, folder_id bigint,
									 parent_id bigint,
									 name text DEFAULT NULL,
									 actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'move_folder';
COMMENT ON FUNCTION msgstore.move_folder(bigint, bigint, bigint, text, text) IS
	'Move a folder below another folder, and give it another name unless name '
	'is NULL; MAPI_E_FOLDER_CYCLE if the other folder is the folder or below '
	'it';

CREATE FUNCTION msgstore.delete_folder(store_id bigint, folder_id bigint,
									   flags msgstore.delete_flags
										   DEFAULT '0',
									   actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'delete_folder';
COMMENT ON FUNCTION msgstore.delete_folder(bigint, bigint,
										   msgstore.delete_flags, text) IS
	'Delete a folder so that it can be restored, or for good with '
	'DELETE_HARD_DELETE; a folder with messages only with DEL_MESSAGES, a '
	'folder with folders only with DEL_FOLDERS';

CREATE FUNCTION msgstore.copy_folder(store_id bigint, folder_id bigint,
									 parent_id bigint,
									 name text DEFAULT NULL,
									 flags msgstore.folder_flags DEFAULT '0',
									 actor text DEFAULT NULL)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'copy_folder';
COMMENT ON FUNCTION msgstore.copy_folder(bigint, bigint, bigint, text,
										 msgstore.folder_flags, text) IS
	'Copy a folder with its messages below another folder and return the id '
	'of the copy; with COPY_SUBFOLDERS also the folders below it';

CREATE FUNCTION msgstore.restore_folder(store_id bigint, folder_id bigint,
										actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'restore_folder';
COMMENT ON FUNCTION msgstore.restore_folder(bigint, bigint, text) IS
	'Restore a folder that was deleted, but not for good, with the folders '
	'and messages that its deletion took along';

CREATE FUNCTION msgstore.empty_folder(store_id bigint, folder_id bigint,
									  flags msgstore.delete_flags
										  DEFAULT '0',
									  actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'empty_folder';
COMMENT ON FUNCTION msgstore.empty_folder(bigint, bigint,
										  msgstore.delete_flags, text) IS
	'Delete the messages and folders in a folder, but not the folder itself; '
	'associated messages only with DEL_ASSOCIATED';

CREATE FUNCTION msgstore.get_folder_props(store_id bigint, folder_id bigint,
										  tags text[] DEFAULT NULL,
										  actor text DEFAULT NULL)
	RETURNS jsonb
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'get_folder_props';
COMMENT ON FUNCTION msgstore.get_folder_props(bigint, bigint, text[], text) IS
	'Return the properties of a folder, its counts among them; all of them if '
	'tags is NULL';

CREATE FUNCTION msgstore.set_folder_props(store_id bigint, folder_id bigint,
										  props jsonb,
										  actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_folder_props';
COMMENT ON FUNCTION msgstore.set_folder_props(bigint, bigint, jsonb, text) IS
	'Set properties of a folder, all or nothing; null deletes; '
	'PR_DISPLAY_NAME renames the folder';

CREATE FUNCTION msgstore.get_store_props(store_id bigint,
										 tags text[] DEFAULT NULL)
	RETURNS jsonb
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'get_store_props';
COMMENT ON FUNCTION msgstore.get_store_props(bigint, text[]) IS
	'Return the properties of a store; all of them if tags is NULL';

CREATE FUNCTION msgstore.set_store_props(store_id bigint, props jsonb)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_store_props';
COMMENT ON FUNCTION msgstore.set_store_props(bigint, jsonb) IS
	'Set properties of a store, all or nothing; null deletes';

/* =================================================================== property
 *
 * Names, tags and types of properties: catalogue.c, property.c.
 */

CREATE FUNCTION msgstore.property_tag(spelling text)
	RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'property_tag';
COMMENT ON FUNCTION msgstore.property_tag(text) IS
	'Return the tag of a property in hex, as in 0x0037001F; NULL for a named '
	'property';

CREATE FUNCTION msgstore.property_name(spelling text)
	RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'property_name';
COMMENT ON FUNCTION msgstore.property_name(text) IS
	'Return the canonical name of a property from any of its spellings';

CREATE FUNCTION msgstore.property_type(spelling text)
	RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'property_type';
COMMENT ON FUNCTION msgstore.property_type(text) IS
	'Return the type of a property (PT_UNICODE) from any of its spellings';

CREATE FUNCTION msgstore_internal.property_catalogue(
	OUT name text, OUT tag text, OUT property_id integer, OUT type text,
	OUT spellings text[], OUT property_set text, OUT lid bigint,
	OUT string_name text, OUT storable boolean, OUT rule text, OUT part text,
	OUT instead text)
	RETURNS SETOF record
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 2800
	AS 'MODULE_PATHNAME', 'property_catalogue';
COMMENT ON FUNCTION msgstore_internal.property_catalogue() IS
	'Return the rows of the view property_catalogue';

CREATE VIEW msgstore.property_catalogue WITH (security_barrier) AS
	SELECT c.name, c.tag, c.property_id, c.type, c.spellings, c.property_set,
		   c.lid, c.string_name, c.storable, c.rule, c.part, c.instead
	FROM msgstore_internal.property_catalogue() AS c;
GRANT SELECT ON msgstore.property_catalogue TO PUBLIC;
COMMENT ON VIEW msgstore.property_catalogue IS
	'The properties that have names: canonical name, tag, type, every '
	'spelling, set and LID or string, the rule for setting it, the column '
	'that holds it';

CREATE FUNCTION msgstore_internal.property_types(
	OUT name text, OUT code text, OUT aliases text[], OUT storable boolean,
	OUT "json" text, OUT element_type text)
	RETURNS SETOF record
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 40
	AS 'MODULE_PATHNAME', 'property_types';
COMMENT ON FUNCTION msgstore_internal.property_types() IS
	'Return the rows of the view property_types';

CREATE VIEW msgstore.property_types WITH (security_barrier) AS
	SELECT t.name, t.code, t.aliases, t.storable, t."json", t.element_type
	FROM msgstore_internal.property_types() AS t;
GRANT SELECT ON msgstore.property_types TO PUBLIC;
COMMENT ON VIEW msgstore.property_types IS
	'The property types: name, code, aliases, and the form of their values in '
	'JSON';

CREATE FUNCTION msgstore_internal.property_sets(OUT name text, OUT guid text)
	RETURNS SETOF record
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20
	AS 'MODULE_PATHNAME', 'property_sets';
COMMENT ON FUNCTION msgstore_internal.property_sets() IS
	'Return the rows of the view property_sets';

CREATE VIEW msgstore.property_sets WITH (security_barrier) AS
	SELECT s.name, s.guid
	FROM msgstore_internal.property_sets() AS s;
GRANT SELECT ON msgstore.property_sets TO PUBLIC;
COMMENT ON VIEW msgstore.property_sets IS
	'The property sets that have names; other sets are spelled by GUID';

/* ====================================================================== named
 *
 * The ids that each store gives to named properties: named.c.
 */

/*
 * One row per named property that has an id in a store.  Values are stored
 * under names; the ids serve MAPI clients that want numbers.
 */
CREATE TABLE msgstore.named_property (
	store_id      bigint   NOT NULL,
	property_id   integer  NOT NULL
		CHECK (property_id OPERATOR(pg_catalog.>=) 32768
			   AND property_id OPERATOR(pg_catalog.<=) 65534),
	property_set  uuid     NOT NULL,
	lid           bigint
		CHECK (lid OPERATOR(pg_catalog.>=) 0
			   AND lid OPERATOR(pg_catalog.<=) 4294967295),
	name          text,
	PRIMARY KEY (store_id, property_id),
	UNIQUE (store_id, property_set, lid),
	UNIQUE (store_id, property_set, name),
	CHECK ((lid IS NULL) OPERATOR(pg_catalog.<>) (name IS NULL))
);

COMMENT ON TABLE msgstore.named_property IS
	'One row per named property to which get_ids_from_names() has given an id';
COMMENT ON COLUMN msgstore.named_property.store_id IS
	'The store that has given the id';
COMMENT ON COLUMN msgstore.named_property.property_id IS
	'The id, from 0x8000 to 0xFFFE';
COMMENT ON COLUMN msgstore.named_property.property_set IS
	'GUID of the property set';
COMMENT ON COLUMN msgstore.named_property.lid IS
	'The LID of a property named by a number; NULL for the others';
COMMENT ON COLUMN msgstore.named_property.name IS
	'The string of a property named by a string, in lower case in '
	'PS_INTERNET_HEADERS; NULL for the others';

CREATE FUNCTION msgstore.get_ids_from_names(store_id bigint, names text[],
											"create" boolean DEFAULT true)
	RETURNS integer[]
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'get_ids_from_names';
COMMENT ON FUNCTION msgstore.get_ids_from_names(bigint, text[], boolean) IS
	'Return the ids of named properties in a store; names without an id get '
	'one (from 0x8000 on), or NULL if create is false';

CREATE FUNCTION msgstore.get_names_from_ids(store_id bigint, ids integer[])
	RETURNS text[]
	LANGUAGE C STABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'get_names_from_ids';
COMMENT ON FUNCTION msgstore.get_names_from_ids(bigint, integer[]) IS
	'Return the names to which a store has given ids; NULL for ids that are '
	'not given';

/* ==================================================================== message
 *
 * Messages at their newest version: message.c, row.c, view.c.
 */

/*
 * One row per message: the row that a save locks, checks and writes.  The WAL
 * of an update has all bytes from the first to the last that it changes.  So
 * columns that seldom change come first; the number, the stamps and the
 * promoted properties that users edit stand last, behind the bag.  Each update
 * compares the columns that indexes use, so these come before all columns that
 * are often NULL or long: PostgreSQL finds their bytes at once.  Large values
 * have columns of their own: a save that leaves them alone reuses their TOAST
 * pointers.
 *
 * Promoted columns follow from the content (promoted.c).  A save writes one
 * only if it changes the property, and no index mentions a column that every
 * save writes, so saves stay HOT unless they change what an index sorts by.
 * The indexes of promoted columns are those of the common lists; each costs
 * every new message an entry.  Deleted messages are not in them, and have an
 * index of their own, as associated messages do: both are few among many.
 */
CREATE TABLE msgstore.message (
	store_id         bigint      NOT NULL,
	message_id       bigint      NOT NULL,
	folder_id        bigint      NOT NULL,
	created_at       timestamptz NOT NULL,
	message_flags    integer     NOT NULL,
	has_attachments  boolean,
	delivery_time    timestamptz,
	creator          text        NOT NULL,
	sender           text        COLLATE pg_catalog."C",
	deleted_at       timestamptz,
	creator_actor    text,
	deleted_with     bigint,
	submitted_at     timestamptz,
	submit_time      timestamptz,
	message_class    text        COLLATE pg_catalog."C",
	conversation     text        COLLATE pg_catalog."C",
	source_key       bytea,
	recipients       jsonb,
	attachments      jsonb,
	headers          text,
	body             text,
	html             bytea,
	rtf              bytea,
	props            jsonb       NOT NULL,
	predecessors     bigint[],
	lineage          bytea,
	size             bigint,
	change_number    bigint      NOT NULL,
	modified_at      timestamptz NOT NULL,
	importance       integer,
	subject          text        COLLATE pg_catalog."C",
	modifier         text        NOT NULL,
	PRIMARY KEY (store_id, message_id)
) WITH (fillfactor = 80);

ALTER TABLE msgstore.message ALTER COLUMN props SET STORAGE MAIN;
CREATE INDEX message_folder
	ON msgstore.message (store_id, folder_id, creator);
CREATE INDEX message_deleted
	ON msgstore.message (store_id, folder_id, creator)
	WHERE deleted_at IS NOT NULL;
CREATE INDEX message_associated
	ON msgstore.message (store_id, folder_id, creator)
	WHERE deleted_at IS NULL
	  AND message_flags OPERATOR(pg_catalog.&) 64 OPERATOR(pg_catalog.<>) 0;
CREATE INDEX message_delivery
	ON msgstore.message (store_id, folder_id, delivery_time, message_id)
	WHERE deleted_at IS NULL;
CREATE INDEX message_sender
	ON msgstore.message (store_id, folder_id, sender, message_id)
	WHERE deleted_at IS NULL;

COMMENT ON TABLE msgstore.message IS
	'One row per message, at its newest version';
COMMENT ON COLUMN msgstore.message.store_id IS
	'The store of the message';
COMMENT ON COLUMN msgstore.message.message_id IS
	'The id of the message; a move keeps it, and it is never given out again';
COMMENT ON COLUMN msgstore.message.folder_id IS
	'Placement: the folder of the message; a save never writes it';
COMMENT ON COLUMN msgstore.message.created_at IS
	'The time of create_message(), or of the first save without a handle';
COMMENT ON COLUMN msgstore.message.creator IS
	'The role of the first save: what it may do with its own messages depends '
	'on this name';
COMMENT ON COLUMN msgstore.message.creator_actor IS
	'The actor of the first save; NULL if none was set';
COMMENT ON COLUMN msgstore.message.message_flags IS
	'Placement: MSGFLAG_ bits of the message itself (UNSENT, RESEND, READ at '
	'creation)';
COMMENT ON COLUMN msgstore.message.deleted_at IS
	'Placement: the time of the soft deletion; NULL if not deleted';
COMMENT ON COLUMN msgstore.message.deleted_with IS
	'Placement: the folder whose deletion took the message along; NULL if not '
	'deleted, or deleted by itself';
COMMENT ON COLUMN msgstore.message.submitted_at IS
	'Placement: the time of the submission for sending; NULL if not submitted';
COMMENT ON COLUMN msgstore.message.delivery_time IS
	'Promoted: PR_MESSAGE_DELIVERY_TIME, cut to microseconds';
COMMENT ON COLUMN msgstore.message.submit_time IS
	'Promoted: PR_CLIENT_SUBMIT_TIME, cut to microseconds';
COMMENT ON COLUMN msgstore.message.importance IS
	'Promoted: PR_IMPORTANCE';
COMMENT ON COLUMN msgstore.message.has_attachments IS
	'Promoted: PR_HASATTACH';
COMMENT ON COLUMN msgstore.message.subject IS
	'Promoted: PR_NORMALIZED_SUBJECT, cut to 255 characters';
COMMENT ON COLUMN msgstore.message.sender IS
	'Promoted: PR_SENDER_NAME, cut to 255 characters';
COMMENT ON COLUMN msgstore.message.message_class IS
	'Promoted: PR_MESSAGE_CLASS, cut to 255 characters';
COMMENT ON COLUMN msgstore.message.conversation IS
	'Promoted: PR_CONVERSATION_TOPIC, cut to 255 characters';
COMMENT ON COLUMN msgstore.message.recipients IS
	'Content: PR_MESSAGE_RECIPIENTS, an array of property objects';
COMMENT ON COLUMN msgstore.message.attachments IS
	'Content: PR_MESSAGE_ATTACHMENTS, an array of property objects';
COMMENT ON COLUMN msgstore.message.headers IS
	'Content: PR_TRANSPORT_MESSAGE_HEADERS';
COMMENT ON COLUMN msgstore.message.body IS
	'Content: PR_BODY';
COMMENT ON COLUMN msgstore.message.html IS
	'Content: PR_HTML';
COMMENT ON COLUMN msgstore.message.rtf IS
	'Content: PR_RTF_COMPRESSED';
COMMENT ON COLUMN msgstore.message.props IS
	'Content: every other property, keyed by canonical name';
COMMENT ON COLUMN msgstore.message.predecessors IS
	'The newest change number of every other node that has changed the '
	'message; NULL if no other node has';
COMMENT ON COLUMN msgstore.message.size IS
	'Promoted: PR_MESSAGE_SIZE_EXTENDED; NULL in a row that was stored before '
	'there were promoted columns';
COMMENT ON COLUMN msgstore.message.change_number IS
	'The version: changes with every save, survives dump and restore';
COMMENT ON COLUMN msgstore.message.lineage IS
	'The keys of a version that came from another store, or that follows such '
	'a version, in place of predecessors; NULL for others: lineage.c';
COMMENT ON COLUMN msgstore.message.source_key IS
	'PR_SOURCE_KEY of a message that came from another store; NULL for others';
COMMENT ON COLUMN msgstore.message.modified_at IS
	'The time of the last save; never goes back';
COMMENT ON COLUMN msgstore.message.modifier IS
	'The author of the last save: the actor if one was set, else the role';

CREATE FUNCTION msgstore_internal.message_size(recipients jsonb,
											   attachments jsonb, headers text,
											   body text, html bytea,
											   rtf bytea, props jsonb)
	RETURNS bigint
	LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'message_size';
COMMENT ON FUNCTION msgstore_internal.message_size(jsonb, jsonb, text, text,
												   bytea, bytea, jsonb) IS
	'Return the bytes of the content of a message (PR_MESSAGE_SIZE) without '
	'fetching its bodies';

CREATE FUNCTION msgstore_internal.display_to(recipients jsonb)
	RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'display_to';
COMMENT ON FUNCTION msgstore_internal.display_to(jsonb) IS
	'Return PR_DISPLAY_TO of a list of recipients';

CREATE FUNCTION msgstore_internal.systime(value text)
	RETURNS timestamptz
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'systime';
COMMENT ON FUNCTION msgstore_internal.systime(text) IS
	'Return a stored PT_SYSTIME as timestamptz, cut to microseconds';

CREATE FUNCTION msgstore_internal.promote_messages(store_id bigint)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'promote_messages';
REVOKE EXECUTE ON FUNCTION msgstore_internal.promote_messages(bigint)
	FROM PUBLIC;
COMMENT ON FUNCTION msgstore_internal.promote_messages(bigint) IS
	'Fill the promoted columns of messages, of one store or with NULL of all '
	'stores, that were stored before there were such columns';

/* ================================================================== readstate
 *
 * What each user has read: state.c, readstate.c.  A user is a role and an
 * actor; '' stands for no actor.  The tables have no foreign keys: what they
 * say of a message that is gone is never read, since no id is given out twice.
 */

/*
 * One row or more per store in which any read flag or status was ever set, by
 * kind.  Sessions look for state in these stores only: state.c.
 */
CREATE TABLE msgstore.store_state (
	store_id   bigint  NOT NULL,
	is_status  boolean NOT NULL,
	xid        xid8    NOT NULL,
	PRIMARY KEY (store_id, is_status, xid)
);

COMMENT ON TABLE msgstore.store_state IS
	'The stores in which read flags or statuses were set';
COMMENT ON COLUMN msgstore.store_state.store_id IS
	'The store of the messages';
COMMENT ON COLUMN msgstore.store_state.is_status IS
	'True if statuses were set, false if read flags were';
COMMENT ON COLUMN msgstore.store_state.xid IS
	'The top-level transaction that set one';

/*
 * One row per user and 1,024 message ids: the read flags, as bits.  Bit n
 * belongs to the message whose id is 1024 * page + n.
 */
CREATE TABLE msgstore.read_page (
	store_id        bigint       NOT NULL,
	role            text         NOT NULL,
	actor           text         NOT NULL,
	page            bigint       NOT NULL,
	folder_read_at  timestamptz,
	known           pg_catalog.bit(1024) NOT NULL,
	is_read         pg_catalog.bit(1024) NOT NULL,
	PRIMARY KEY (store_id, role, actor, page)
) WITH (fillfactor = 70);

COMMENT ON TABLE msgstore.read_page IS
	'The read flags of one user for 1,024 message ids';
COMMENT ON COLUMN msgstore.read_page.store_id IS
	'The store of the messages';
COMMENT ON COLUMN msgstore.read_page.role IS
	'The role of the user';
COMMENT ON COLUMN msgstore.read_page.actor IS
	'The actor of the user; empty if none was set';
COMMENT ON COLUMN msgstore.read_page.page IS
	'The ids of the messages, without their last ten bits';
COMMENT ON COLUMN msgstore.read_page.folder_read_at IS
	'The time when a folder was last marked as a whole; NULL if never';
COMMENT ON COLUMN msgstore.read_page.known IS
	'The messages whose flag the user has set or cleared';
COMMENT ON COLUMN msgstore.read_page.is_read IS
	'Their flags';

/*
 * One row per user and message whose read state was changed by itself: where
 * the last change stands in the order of all changes, and the receipts.
 */
CREATE TABLE msgstore.read_mark (
	store_id     bigint      NOT NULL,
	message_id   bigint      NOT NULL,
	role         text        NOT NULL,
	actor        text        NOT NULL,
	receipts     integer     NOT NULL,
	changed_at   timestamptz NOT NULL,
	incarnation  bigint      NOT NULL,
	xid          xid8        NOT NULL,
	number       bigint      NOT NULL,
	PRIMARY KEY (store_id, message_id, role, actor)
) WITH (fillfactor = 80);
CREATE INDEX read_mark_position
	ON msgstore.read_mark (store_id, role, actor, incarnation, xid, number,
						   message_id);

COMMENT ON TABLE msgstore.read_mark IS
	'The last change of the read state of a message by one user';
COMMENT ON COLUMN msgstore.read_mark.store_id IS
	'The store of the message';
COMMENT ON COLUMN msgstore.read_mark.message_id IS
	'The message; its flag stands in read_page';
COMMENT ON COLUMN msgstore.read_mark.role IS
	'The role of the user';
COMMENT ON COLUMN msgstore.read_mark.actor IS
	'The actor of the user; empty if none was set';
COMMENT ON COLUMN msgstore.read_mark.receipts IS
	'Bits: 1 a read receipt is due whatever the flag is; 2 no read receipt, 4 '
	'no non-read receipt is due any more';
COMMENT ON COLUMN msgstore.read_mark.changed_at IS
	'The time of the last change';
COMMENT ON COLUMN msgstore.read_mark.incarnation IS
	'The run of the number series, as in change';
COMMENT ON COLUMN msgstore.read_mark.xid IS
	'The top-level transaction of the last change';
COMMENT ON COLUMN msgstore.read_mark.number IS
	'The number of the last change, of the series of change numbers';

/*
 * One row per user and folder that the user has marked as a whole.
 */
CREATE TABLE msgstore.read_folder (
	store_id     bigint      NOT NULL,
	folder_id    bigint      NOT NULL,
	role         text        NOT NULL,
	actor        text        NOT NULL,
	is_read      boolean     NOT NULL,
	changed_at   timestamptz NOT NULL,
	incarnation  bigint      NOT NULL,
	xid          xid8        NOT NULL,
	number       bigint      NOT NULL,
	PRIMARY KEY (store_id, folder_id, role, actor)
) WITH (fillfactor = 80);
CREATE INDEX read_folder_position
	ON msgstore.read_folder (store_id, role, actor, incarnation, xid, number);

COMMENT ON TABLE msgstore.read_folder IS
	'The last time that one user marked all messages of a folder';
COMMENT ON COLUMN msgstore.read_folder.store_id IS
	'The store of the folder';
COMMENT ON COLUMN msgstore.read_folder.folder_id IS
	'The folder';
COMMENT ON COLUMN msgstore.read_folder.role IS
	'The role of the user';
COMMENT ON COLUMN msgstore.read_folder.actor IS
	'The actor of the user; empty if none was set';
COMMENT ON COLUMN msgstore.read_folder.is_read IS
	'True if the messages were marked as read, false if as unread';
COMMENT ON COLUMN msgstore.read_folder.changed_at IS
	'The time of the change';
COMMENT ON COLUMN msgstore.read_folder.incarnation IS
	'The run of the number series, as in change';
COMMENT ON COLUMN msgstore.read_folder.xid IS
	'The top-level transaction of the change';
COMMENT ON COLUMN msgstore.read_folder.number IS
	'The number of the change, of the series of change numbers';

CREATE FUNCTION msgstore.set_read_flag(store_id bigint, message_id bigint,
									   flags msgstore.read_flags DEFAULT '0',
									   actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_read_flag';
COMMENT ON FUNCTION msgstore.set_read_flag(bigint, bigint,
										   msgstore.read_flags, text) IS
	'Set or clear the read flag of a message for the current role and actor';

CREATE FUNCTION msgstore.set_read_flags(store_id bigint, message_ids bigint[],
										flags msgstore.read_flags DEFAULT '0',
										folder_id bigint DEFAULT NULL,
										actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_read_flags';
COMMENT ON FUNCTION msgstore.set_read_flags(bigint, bigint[],
											msgstore.read_flags, bigint,
											text) IS
	'Set or clear the read flags of messages, or with message_ids NULL those '
	'of all messages of a folder, for the current role and actor';

CREATE FUNCTION msgstore.mark_read(handle integer,
								   flags msgstore.read_flags DEFAULT '0')
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'mark_read';
COMMENT ON FUNCTION msgstore.mark_read(integer, msgstore.read_flags) IS
	'Set or clear the read flag of the message of a handle; pending edits '
	'stay pending';

CREATE FUNCTION msgstore.count_unread(store_id bigint, folder_id bigint,
									  actor text DEFAULT NULL)
	RETURNS bigint
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'count_unread';
COMMENT ON FUNCTION msgstore.count_unread(bigint, bigint, text) IS
	'Return the number of unread messages of a folder for the current role '
	'and actor';

CREATE FUNCTION msgstore_internal.is_read(store_id bigint, message_id bigint,
										  message_flags integer, creator text,
										  creator_actor text)
	RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 20
	AS 'MODULE_PATHNAME', 'is_read';
COMMENT ON FUNCTION msgstore_internal.is_read(bigint, bigint, integer, text,
											  text) IS
	'Return true if the current role and actor have read a message';

/* ===================================================================== status
 *
 * The status of messages, one for all users: status.c.
 */

/*
 * One row per message whose status was ever set.  A call returns the status
 * that it has replaced, hence "replaced".
 */
CREATE TABLE msgstore.message_status (
	store_id     bigint      NOT NULL,
	message_id   bigint      NOT NULL,
	status       integer     NOT NULL,
	replaced     integer     NOT NULL,
	role         text        NOT NULL,
	actor        text,
	changed_at   timestamptz NOT NULL,
	incarnation  bigint      NOT NULL,
	xid          xid8        NOT NULL,
	number       bigint      NOT NULL,
	PRIMARY KEY (store_id, message_id)
) WITH (fillfactor = 80);
CREATE INDEX message_status_position
	ON msgstore.message_status (store_id, incarnation, xid, number);

COMMENT ON TABLE msgstore.message_status IS
	'The status of a message, outside of its version';
COMMENT ON COLUMN msgstore.message_status.store_id IS
	'The store of the message';
COMMENT ON COLUMN msgstore.message_status.message_id IS
	'The message';
COMMENT ON COLUMN msgstore.message_status.status IS
	'PR_MSG_STATUS';
COMMENT ON COLUMN msgstore.message_status.replaced IS
	'PR_MSG_STATUS before the last change';
COMMENT ON COLUMN msgstore.message_status.role IS
	'The role of the last change';
COMMENT ON COLUMN msgstore.message_status.actor IS
	'The actor of the last change; NULL if none was set';
COMMENT ON COLUMN msgstore.message_status.changed_at IS
	'The time of the last change';
COMMENT ON COLUMN msgstore.message_status.incarnation IS
	'The run of the number series, as in change';
COMMENT ON COLUMN msgstore.message_status.xid IS
	'The top-level transaction of the last change';
COMMENT ON COLUMN msgstore.message_status.number IS
	'The number of the last change, of the series of change numbers';

CREATE FUNCTION msgstore.set_message_status(store_id bigint,
											message_id bigint, status integer,
											mask integer,
											actor text DEFAULT NULL)
	RETURNS integer
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_message_status';
COMMENT ON FUNCTION msgstore.set_message_status(bigint, bigint, integer,
												integer, text) IS
	'Set the bits of PR_MSG_STATUS that are in mask, and return the status '
	'before';

CREATE VIEW msgstore.message_list WITH (security_barrier) AS
	SELECT m.store_id, m.folder_id, m.message_id,
		   m.props OPERATOR(pg_catalog.->>) 'PR_SUBJECT' AS subject,
		   m.props OPERATOR(pg_catalog.->>) 'PR_SENDER_NAME' AS sender_name,
		   m.props OPERATOR(pg_catalog.->>) 'PR_SENDER_EMAIL_ADDRESS'
			   AS sender_email_address,
		   m.props OPERATOR(pg_catalog.->>) 'PR_MESSAGE_CLASS'
			   AS message_class,
		   (m.props OPERATOR(pg_catalog.->>) 'PR_IMPORTANCE')::integer
			   AS importance,
		   msgstore_internal.systime(m.props OPERATOR(pg_catalog.->>)
									 'PR_CLIENT_SUBMIT_TIME')
			   AS client_submit_time,
		   msgstore_internal.systime(m.props OPERATOR(pg_catalog.->>)
									 'PR_MESSAGE_DELIVERY_TIME')
			   AS message_delivery_time,
		   msgstore_internal.message_size(m.recipients, m.attachments,
										  m.headers, m.body, m.html, m.rtf,
										  m.props) AS message_size,
		   m.created_at, m.modified_at, m.modifier, m.change_number,
		   msgstore_internal.is_read(m.store_id, m.message_id,
									 m.message_flags, m.creator,
									 coalesce(m.creator_actor, '')) AS "read",
		   coalesce((SELECT s.status
					 FROM msgstore.message_status AS s
					 WHERE s.store_id OPERATOR(pg_catalog.=) m.store_id
					   AND s.message_id OPERATOR(pg_catalog.=) m.message_id),
					0) AS status,
		   m.message_flags OPERATOR(pg_catalog.&) 64 OPERATOR(pg_catalog.<>) 0
			   AS associated,
		   m.has_attachments,
		   coalesce(msgstore_internal.display_to(m.recipients), '')
			   AS display_to
	FROM msgstore.message AS m
	WHERE m.deleted_at IS NULL
	  AND msgstore_internal.message_readable(m.store_id, m.folder_id,
											 m.creator);
GRANT SELECT ON msgstore.message_list TO PUBLIC;
COMMENT ON VIEW msgstore.message_list IS
	'The messages (saved and not deleted) that the current role may read';

CREATE VIEW msgstore.deleted_message_list WITH (security_barrier) AS
	SELECT m.store_id, m.folder_id, m.message_id,
		   m.props OPERATOR(pg_catalog.->>) 'PR_SUBJECT' AS subject,
		   m.deleted_at, m.deleted_with, m.modifier AS deleted_by,
		   m.message_flags OPERATOR(pg_catalog.&) 64 OPERATOR(pg_catalog.<>) 0
			   AS associated,
		   m.change_number
	FROM msgstore.message AS m
	WHERE m.deleted_at IS NOT NULL
	  AND msgstore_internal.message_readable(m.store_id, m.folder_id,
											 m.creator);
GRANT SELECT ON msgstore.deleted_message_list TO PUBLIC;
COMMENT ON VIEW msgstore.deleted_message_list IS
	'The soft-deleted messages that the current role may read; deleted_with '
	'is the folder whose deletion took the message along';

/* ======================================================================= list
 *
 * Lists of messages: list.c.  The views above suit plain SQL; a list in the
 * order of an index, in pages, comes from these calls.
 */

CREATE FUNCTION msgstore.list_messages(store_id bigint, folder_id bigint,
									   columns text[] DEFAULT NULL,
									   restriction jsonb DEFAULT NULL,
									   sort text[] DEFAULT
									   '{"PR_MESSAGE_DELIVERY_TIME DESC"}',
									   max integer DEFAULT 50,
									   after text DEFAULT NULL,
									   flags msgstore.table_flags DEFAULT '0',
									   actor text DEFAULT NULL,
									   find jsonb DEFAULT NULL,
									   OUT message_id bigint,
									   OUT change_number bigint,
									   OUT "row" jsonb, OUT "position" text)
	RETURNS SETOF record
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 50
	AS 'MODULE_PATHNAME', 'list_messages';
COMMENT ON FUNCTION msgstore.list_messages(bigint, bigint, text[], jsonb,
										   text[], integer, text,
										   msgstore.table_flags, text,
										   jsonb) IS
	'Return a page of the messages of a folder, restricted and sorted, with '
	'some of their properties or, with columns NULL, all of them; with find, '
	'only the rows of the list that match';

CREATE FUNCTION msgstore.count_messages(store_id bigint, folder_id bigint,
										restriction jsonb DEFAULT NULL,
										flags msgstore.table_flags DEFAULT '0',
										actor text DEFAULT NULL)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'count_messages';
COMMENT ON FUNCTION msgstore.count_messages(bigint, bigint, jsonb,
											msgstore.table_flags, text) IS
	'Return the number of messages that list_messages() lists';

CREATE FUNCTION msgstore.list_categories(store_id bigint, folder_id bigint,
										 "by" text[],
										 restriction jsonb DEFAULT NULL,
										 sort text[] DEFAULT NULL,
										 max integer DEFAULT 50,
										 after text DEFAULT NULL,
										 flags msgstore.table_flags
										 DEFAULT '0',
										 actor text DEFAULT NULL,
										 OUT depth integer,
										 OUT category jsonb,
										 OUT count bigint,
										 OUT unread bigint,
										 OUT "position" text)
	RETURNS SETOF record
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 50
	AS 'MODULE_PATHNAME', 'list_categories';
COMMENT ON FUNCTION msgstore.list_categories(bigint, bigint, text[], jsonb,
											 text[], integer, text,
											 msgstore.table_flags, text) IS
	'Return a page of the categories of the messages of a folder: those with '
	'equal values of properties, level by level, with counts';

CREATE FUNCTION msgstore.create_search_folder(store_id bigint,
											  parent_id bigint, name text,
											  restriction jsonb
											  DEFAULT NULL,
											  folders bigint[] DEFAULT NULL,
											  flags msgstore.search_flags
											  DEFAULT '0',
											  actor text DEFAULT NULL)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'create_search_folder';
COMMENT ON FUNCTION msgstore.create_search_folder(bigint, bigint, text, jsonb,
												  bigint[],
												  msgstore.search_flags,
												  text) IS
	'Create a folder that lists the messages of other folders to which a '
	'restriction applies; a NULL parent is the root';

CREATE FUNCTION msgstore.set_search_criteria(store_id bigint,
											 folder_id bigint,
											 restriction jsonb DEFAULT NULL,
											 folders bigint[] DEFAULT NULL,
											 flags msgstore.search_flags
											 DEFAULT '0',
											 actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_search_criteria';
COMMENT ON FUNCTION msgstore.set_search_criteria(bigint, bigint, jsonb,
												 bigint[],
												 msgstore.search_flags,
												 text) IS
	'Set what a search folder looks for, and where; a NULL changes nothing';

CREATE FUNCTION msgstore.get_search_criteria(store_id bigint,
											 folder_id bigint,
											 OUT restriction jsonb,
											 OUT folders bigint[],
											 OUT flags msgstore.search_flags,
											 OUT state text)
	RETURNS record
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'get_search_criteria';
COMMENT ON FUNCTION msgstore.get_search_criteria(bigint, bigint) IS
	'Return what a search folder looks for, and where, and if it is live';

/* ==================================================================== history
 *
 * The chain of changes, older versions, and pruning: change.c, history.c.
 */

/*
 * One row per author of changes: role, actor and client of a change.  Several
 * rows may have equal texts.
 */
CREATE TABLE msgstore.author (
	author_id  bigint  NOT NULL PRIMARY KEY,
	hash       bigint  NOT NULL,
	role       text    NOT NULL,
	actor      text,
	client     text
);
CREATE INDEX author_hash ON msgstore.author (hash);

COMMENT ON TABLE msgstore.author IS
	'The authors of changes: role, actor and client, which many changes share';
COMMENT ON COLUMN msgstore.author.author_id IS
	'The number of the first change of the author';
COMMENT ON COLUMN msgstore.author.hash IS
	'A hash of the three texts, by which the row is found';
COMMENT ON COLUMN msgstore.author.role IS
	'The database role';
COMMENT ON COLUMN msgstore.author.actor IS
	'The user of the application, from msgstore.actor; NULL if none was set';
COMMENT ON COLUMN msgstore.author.client IS
	'application_name of the session; NULL if it was empty';

/*
 * One row per change of a message, append-only.  Each row holds the values
 * that its change replaced; older versions are made from the newest version by
 * walking back along "previous".
 */
CREATE TABLE msgstore.change (
	store_id            bigint      NOT NULL,
	message_id          bigint      NOT NULL,
	change_number       bigint      NOT NULL,
	previous            bigint,
	base_change_number  bigint,
	incarnation         bigint      NOT NULL,
	xid                 xid8        NOT NULL,
	late_xid            xid8,
	changed_at          timestamptz NOT NULL,
	author_id           bigint      NOT NULL,
	kind                "char"      NOT NULL,
	undo                bytea       NOT NULL,
	request             text,
	properties          text[],
	undo_headers        text,
	undo_body           text,
	undo_html           bytea,
	undo_rtf            bytea,
	PRIMARY KEY (store_id, message_id, change_number)
);
CREATE INDEX change_request ON msgstore.change (store_id, request)
	WHERE request IS NOT NULL;
CREATE INDEX change_position
	ON msgstore.change (store_id, incarnation, xid, change_number);
CREATE INDEX change_late ON msgstore.change (store_id, late_xid)
	WHERE late_xid IS NOT NULL;

COMMENT ON TABLE msgstore.change IS
	'One row per change of a message: author, time, changed properties, and '
	'the values that the change replaced';
COMMENT ON COLUMN msgstore.change.store_id IS
	'The store of the message';
COMMENT ON COLUMN msgstore.change.message_id IS
	'The message';
COMMENT ON COLUMN msgstore.change.change_number IS
	'The version that this change made';
COMMENT ON COLUMN msgstore.change.previous IS
	'The version that this change replaced; NULL for a creation';
COMMENT ON COLUMN msgstore.change.base_change_number IS
	'The version on which the client edited; NULL: the replaced version; 0: '
	'the client named none; older than "previous" for a save that was forced '
	'over another';
COMMENT ON COLUMN msgstore.change.incarnation IS
	'The incarnation of the number series; grows with every crash, restore, '
	'failover or restart';
COMMENT ON COLUMN msgstore.change.xid IS
	'The top-level transaction or, if it is a later one, that of the replaced '
	'version: the place of the change in the feed';
COMMENT ON COLUMN msgstore.change.late_xid IS
	'The top-level transaction, if "xid" is another one';
COMMENT ON COLUMN msgstore.change.changed_at IS
	'The time of the change';
COMMENT ON COLUMN msgstore.change.kind IS
	'c create, y copy, s save, f force, g merge, m move, u submit, d delete, '
	'r restore, h hard delete, x purge: all that is left of an erased message';
COMMENT ON COLUMN msgstore.change.author_id IS
	'The author: a row of table author';
COMMENT ON COLUMN msgstore.change.request IS
	'The name that the client gave to the call, so that a repeated call is '
	'answered and not carried out; NULL for most calls';
COMMENT ON COLUMN msgstore.change.properties IS
	'The properties that the change set or deleted; NULL: those that "undo" '
	'and the columns beside it restore';
COMMENT ON COLUMN msgstore.change.undo IS
	'A patch that gives back the replaced values, packed: '
	'msgstore_internal.unpack_undo() shows it; null: the property was absent';
COMMENT ON COLUMN msgstore.change.undo_headers IS
	'The replaced transport headers';
COMMENT ON COLUMN msgstore.change.undo_body IS
	'The replaced text body';
COMMENT ON COLUMN msgstore.change.undo_html IS
	'The replaced HTML body';
COMMENT ON COLUMN msgstore.change.undo_rtf IS
	'The replaced RTF body';

CREATE FUNCTION msgstore_internal.pack_undo(undo jsonb)
	RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'pack_undo';
REVOKE EXECUTE ON FUNCTION msgstore_internal.pack_undo(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION msgstore_internal.pack_undo(jsonb) IS
	'Return the bytes in which table change keeps an undo';

CREATE FUNCTION msgstore_internal.unpack_undo(undo bytea)
	RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'unpack_undo';
REVOKE EXECUTE ON FUNCTION msgstore_internal.unpack_undo(bytea) FROM PUBLIC;
COMMENT ON FUNCTION msgstore_internal.unpack_undo(bytea) IS
	'Return the undo in bytes of table change';

CREATE FUNCTION msgstore_internal.undo_properties(undo bytea, headers boolean,
												  body boolean, html boolean,
												  rtf boolean)
	RETURNS text[]
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'undo_properties_sql';
COMMENT ON FUNCTION msgstore_internal.undo_properties(bytea, boolean, boolean,
													  boolean, boolean) IS
	'Return the properties that a change touched, from its undo and from the '
	'large values beside the undo';

CREATE VIEW msgstore.change_list WITH (security_barrier) AS
	SELECT c.store_id, c.message_id, c.change_number, c.previous,
		   CASE WHEN c.base_change_number IS NULL THEN c.previous
				WHEN c.base_change_number OPERATOR(pg_catalog.<>) 0
				THEN c.base_change_number
		   END AS base_change_number,
		   CASE WHEN c.kind OPERATOR(pg_catalog.=) 'c' THEN 'create'
				WHEN c.kind OPERATOR(pg_catalog.=) 'y' THEN 'copy'
				WHEN c.kind OPERATOR(pg_catalog.=) 's' THEN 'save'
				WHEN c.kind OPERATOR(pg_catalog.=) 'f' THEN 'force'
				WHEN c.kind OPERATOR(pg_catalog.=) 'g' THEN 'merge'
				WHEN c.kind OPERATOR(pg_catalog.=) 'm' THEN 'move'
				WHEN c.kind OPERATOR(pg_catalog.=) 'u' THEN 'submit'
				WHEN c.kind OPERATOR(pg_catalog.=) 'd' THEN 'delete'
				WHEN c.kind OPERATOR(pg_catalog.=) 'r' THEN 'restore'
				WHEN c.kind OPERATOR(pg_catalog.=) 'h' THEN 'hard delete'
				WHEN c.kind OPERATOR(pg_catalog.=) 'i' THEN 'import'
				WHEN c.kind OPERATOR(pg_catalog.=) 'x' THEN 'purge'
		   END AS kind,
		   coalesce(a.actor, a.role) AS changed_by, a.role, a.actor,
		   a.client, c.changed_at,
		   coalesce(c.properties,
					msgstore_internal.undo_properties(
						c.undo, c.undo_headers IS NOT NULL,
						c.undo_body IS NOT NULL, c.undo_html IS NOT NULL,
						c.undo_rtf IS NOT NULL)) AS properties
	FROM msgstore.change AS c
		LEFT JOIN msgstore.author AS a
			ON a.author_id OPERATOR(pg_catalog.=) c.author_id
	WHERE msgstore_internal.history_readable(c.store_id, c.message_id);
GRANT SELECT ON msgstore.change_list TO PUBLIC;
COMMENT ON VIEW msgstore.change_list IS
	'The changes of the messages that the current role may read: author, '
	'time, changed properties';

CREATE FUNCTION msgstore_internal.check_history_call(store_id bigint,
													 message_id bigint,
													 change_number bigint)
	RETURNS void
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'check_history_call';
COMMENT ON FUNCTION msgstore_internal.check_history_call(bigint, bigint,
														 bigint) IS
	'Check the arguments of merge_report(), and the right to read the message';

CREATE FUNCTION msgstore.history(store_id bigint, message_id bigint,
								 max integer DEFAULT NULL,
								 before bigint DEFAULT NULL,
								 OUT change_number bigint, OUT kind text,
								 OUT changed_by text, OUT role text,
								 OUT actor text, OUT client text,
								 OUT changed_at timestamptz,
								 OUT properties text[], OUT previous bigint,
								 OUT base_change_number bigint)
	RETURNS SETOF record
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10
	AS 'MODULE_PATHNAME', 'history';
COMMENT ON FUNCTION msgstore.history(bigint, bigint, integer, bigint) IS
	'Return the changes of a message: number, kind, author, time, client, '
	'changed properties; all of them, oldest first, or with max the newest '
	'ones, newest first, with before those before a version';

/* ======================================================================= feed
 *
 * The changes of a store in order, from any point on: position.c, feed.c.
 */

CREATE FUNCTION msgstore.feed_position(store_id bigint)
	RETURNS text
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'feed_position';
COMMENT ON FUNCTION msgstore.feed_position(bigint) IS
	'Return the token from which changes_since() gives the changes that are '
	'not visible yet';

CREATE FUNCTION msgstore.changes_since(store_id bigint,
									   token text DEFAULT NULL,
									   max integer DEFAULT 1000,
									   folder_id bigint DEFAULT NULL,
									   actor text DEFAULT NULL,
									   OUT token text, OUT message_id bigint,
									   OUT folder_id bigint,
									   OUT change_number bigint,
									   OUT kind text, OUT changed_by text,
									   OUT client text,
									   OUT changed_at timestamptz,
									   OUT properties text[])
	RETURNS SETOF record
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 1000
	AS 'MODULE_PATHNAME', 'changes_since';
COMMENT ON FUNCTION msgstore.changes_since(bigint, text, integer, bigint,
										   text) IS
	'Return the changes of a store, or of a folder, that are new to the '
	'reader of a token; the last row, of kind end, has the next token';

CREATE FUNCTION msgstore.set_wakeups(store_id bigint, wakeups boolean)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_wakeups';
COMMENT ON FUNCTION msgstore.set_wakeups(bigint, boolean) IS
	'Have each transaction that changes a store notify the channel '
	'msgstore_<store_id>, or end this';

/* ===================================================================== advise
 *
 * Notifications of a session, made from the feed: advise.c.
 */

CREATE FUNCTION msgstore.advise(store_id bigint,
								folder_id bigint DEFAULT NULL,
								message_id bigint DEFAULT NULL,
								events msgstore.notify_events DEFAULT '0x1FE')
	RETURNS integer
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'advise';
COMMENT ON FUNCTION msgstore.advise(bigint, bigint, bigint,
									msgstore.notify_events) IS
	'Begin to collect events of a store, a folder or a message, and return '
	'the number of the connection';

CREATE FUNCTION msgstore.poll_notifications(connection integer,
											OUT event msgstore.notify_events,
											OUT message_id bigint,
											OUT folder_id bigint,
											OUT old_folder_id bigint,
											OUT table_event text,
											OUT change_number bigint,
											OUT changed_by text,
											OUT changed_at timestamptz,
											OUT properties text[])
	RETURNS SETOF record
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'poll_notifications';
COMMENT ON FUNCTION msgstore.poll_notifications(integer) IS
	'Return the events since the last call, in order';

CREATE FUNCTION msgstore.unadvise(connection integer)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'unadvise';
COMMENT ON FUNCTION msgstore.unadvise(integer) IS
	'End a connection of advise()';

CREATE FUNCTION msgstore_internal.merged(store_id bigint, message_id bigint,
										 merge_number bigint,
										 OUT property text, OUT side text,
										 OUT changed_by text,
										 OUT changed_at timestamptz,
										 OUT client text,
										 OUT change_number bigint)
	RETURNS SETOF record
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10
	SET search_path = pg_catalog, pg_temp
	AS $$
	BEGIN
		PERFORM msgstore_internal.check_history_call($1, $2, $3);
		RETURN QUERY
			WITH merged AS (
				SELECT c.changed_at, c.base_change_number
				FROM msgstore.change_list AS c
				WHERE c.store_id OPERATOR(pg_catalog.=) $1
				  AND c.message_id OPERATOR(pg_catalog.=) $2
				  AND c.change_number OPERATOR(pg_catalog.=) $3
				  AND c.kind OPERATOR(pg_catalog.=) 'merge'
			), since AS (
				SELECT c.properties, c.changed_by, c.changed_at, c.client,
					   c.change_number,
					   c.change_number OPERATOR(pg_catalog.=) $3 AS yours
				FROM merged AS m, msgstore.change_list AS c
				WHERE c.store_id OPERATOR(pg_catalog.=) $1
				  AND c.message_id OPERATOR(pg_catalog.=) $2
				  AND c.changed_at OPERATOR(pg_catalog.<=) m.changed_at
				  AND c.changed_at OPERATOR(pg_catalog.>) coalesce((
						SELECT b.changed_at
						FROM msgstore.change_list AS b
						WHERE b.store_id OPERATOR(pg_catalog.=) $1
						  AND b.message_id OPERATOR(pg_catalog.=) $2
						  AND b.change_number OPERATOR(pg_catalog.=)
							  m.base_change_number), '-infinity')
			)
			SELECT DISTINCT ON (s.yours, p.property)
				p.property, CASE WHEN s.yours THEN 'yours' ELSE 'theirs' END,
				s.changed_by, s.changed_at, s.client, s.change_number
			FROM since AS s, pg_catalog.unnest(s.properties) AS p (property)
			ORDER BY s.yours, p.property, s.changed_at DESC;
	END
	$$;
COMMENT ON FUNCTION msgstore_internal.merged(bigint, bigint, bigint) IS
	'Return the rows of merge_report(); the name of an argument of PL/pgSQL '
	'cannot be that of a column';

CREATE FUNCTION msgstore.merge_report(store_id bigint, message_id bigint,
									  change_number bigint,
									  OUT property text, OUT side text,
									  OUT changed_by text,
									  OUT changed_at timestamptz,
									  OUT client text,
									  OUT change_number bigint)
	RETURNS SETOF record
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT m.property, m.side, m.changed_by, m.changed_at, m.client,
			   m.change_number
		FROM msgstore_internal.merged($1, $2, $3) AS m
	$$;
COMMENT ON FUNCTION msgstore.merge_report(bigint, bigint, bigint) IS
	'Return the properties that a merge put together: those that others have '
	'changed since its base, each with its last author, and those that the '
	'merging client has changed';

CREATE FUNCTION msgstore.message_at(store_id bigint, message_id bigint,
									change_number bigint)
	RETURNS jsonb
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'message_at';
COMMENT ON FUNCTION msgstore.message_at(bigint, bigint, bigint) IS
	'Return a message as read_message() showed it at that version, deleted or '
	'not';

CREATE FUNCTION msgstore.restore_version(store_id bigint, message_id bigint,
										 version bigint, change_number bigint,
										 request text DEFAULT NULL,
										 actor text DEFAULT NULL,
										 OUT result msgstore.hresult,
										 OUT change_number bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'restore_version';
COMMENT ON FUNCTION msgstore.restore_version(bigint, bigint, bigint,
											 bigint, text, text) IS
	'Save the content of an older version over change_number; refused like '
	'any other save';

CREATE FUNCTION msgstore.set_retention(store_id bigint, keep_age interval,
									   keep_count integer)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_retention';
COMMENT ON FUNCTION msgstore.set_retention(bigint, interval, integer) IS
	'Set how much history prune_history() leaves in a store; both NULL: all '
	'of it';

CREATE FUNCTION msgstore_internal.prune_batch(store_id bigint, after bigint,
											  messages integer,
											  OUT last bigint,
											  OUT pruned bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'prune_batch';
COMMENT ON FUNCTION msgstore_internal.prune_batch(bigint, bigint, integer) IS
	'Do one step of prune_history()';

CREATE PROCEDURE msgstore.prune_history(store_id bigint,
										messages integer DEFAULT 1000,
										INOUT pruned bigint DEFAULT 0)
	LANGUAGE plpgsql
	AS $$
	DECLARE
		step pg_catalog.record;
		at bigint := 0;
	BEGIN
		pruned := 0;
		LOOP
			SELECT b.last, b.pruned INTO step
			FROM msgstore_internal.prune_batch($1, at, $2) AS b;
			EXIT WHEN step.last IS NULL;
			pruned := pruned OPERATOR(pg_catalog.+) step.pruned;
			at := step.last;
			COMMIT;
		END LOOP;
	END
	$$;
COMMENT ON PROCEDURE msgstore.prune_history(bigint, integer, bigint) IS
	'Delete the oldest changes that the retention of a store does not '
	'protect, and commit after each batch of messages';

/* ======================================================================= park
 *
 * Drafts that survive the session: park.c.
 */

/*
 * One row per draft: the base and the pending edits of a handle.  A draft
 * belongs to the role that parked it.
 */
CREATE TABLE msgstore.parked_draft (
	store_id            bigint      NOT NULL,
	parked_id           bigint      NOT NULL,
	role                text        NOT NULL,
	actor               text,
	client              text,
	parked_at           timestamptz NOT NULL,
	message_id          bigint      NOT NULL,
	folder_id           bigint,
	base_change_number  bigint,
	defaults            jsonb,
	touched             text        NOT NULL,
	props               jsonb,
	recipients          jsonb,
	attachments         jsonb,
	headers             text,
	body                text,
	html                bytea,
	rtf                 bytea,
	change_key          bytea,
	PRIMARY KEY (store_id, parked_id)
);
CREATE INDEX parked_draft_message
	ON msgstore.parked_draft (store_id, message_id);

COMMENT ON TABLE msgstore.parked_draft IS
	'One row per draft that park() has stored';
COMMENT ON COLUMN msgstore.parked_draft.store_id IS
	'The store of the message';
COMMENT ON COLUMN msgstore.parked_draft.parked_id IS
	'The id of the draft';
COMMENT ON COLUMN msgstore.parked_draft.role IS
	'The role that parked the draft; no other role may resume it';
COMMENT ON COLUMN msgstore.parked_draft.actor IS
	'The user of the application, from msgstore.actor';
COMMENT ON COLUMN msgstore.parked_draft.client IS
	'application_name of the session';
COMMENT ON COLUMN msgstore.parked_draft.parked_at IS
	'The time of the last park()';
COMMENT ON COLUMN msgstore.parked_draft.message_id IS
	'The message that the draft edits, or the id that a new message will get';
COMMENT ON COLUMN msgstore.parked_draft.folder_id IS
	'The folder of a new message; NULL for others';
COMMENT ON COLUMN msgstore.parked_draft.base_change_number IS
	'The version that the draft edits; NULL for a new message';
COMMENT ON COLUMN msgstore.parked_draft.defaults IS
	'The first properties of a new message; NULL for others';
COMMENT ON COLUMN msgstore.parked_draft.touched IS
	'One digit per part: 0 untouched, 1 deleted because another body was set, '
	'2 touched';
COMMENT ON COLUMN msgstore.parked_draft.props IS
	'Pending patch of the property bag; null deletes';
COMMENT ON COLUMN msgstore.parked_draft.recipients IS
	'Pending recipients; if touched, NULL deletes';
COMMENT ON COLUMN msgstore.parked_draft.attachments IS
	'Pending attachments; if touched, NULL deletes';
COMMENT ON COLUMN msgstore.parked_draft.headers IS
	'Pending transport headers; if touched, NULL deletes';
COMMENT ON COLUMN msgstore.parked_draft.body IS
	'Pending text body; if touched, NULL deletes';
COMMENT ON COLUMN msgstore.parked_draft.html IS
	'Pending HTML body; if touched, NULL deletes';
COMMENT ON COLUMN msgstore.parked_draft.rtf IS
	'Pending RTF body; if touched, NULL deletes';
COMMENT ON COLUMN msgstore.parked_draft.change_key IS
	'PR_CHANGE_KEY of a change that lost a conflict between two stores: the '
	'draft belongs to the message; NULL for the drafts of a role';

CREATE FUNCTION msgstore.park(handle integer)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'park';
COMMENT ON FUNCTION msgstore.park(integer) IS
	'Store the base and the pending edits of a handle as a draft and return '
	'the id of the draft';

CREATE FUNCTION msgstore.resume(store_id bigint, parked_id bigint)
	RETURNS integer
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'resume';
COMMENT ON FUNCTION msgstore.resume(bigint, bigint) IS
	'Return a handle with the base and the edits of a parked draft; the draft '
	'stays until the handle saves';

CREATE FUNCTION msgstore.discard_parked(store_id bigint, parked_id bigint)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'discard_parked';
COMMENT ON FUNCTION msgstore.discard_parked(bigint, bigint) IS
	'Delete a parked draft of the current role; the owner of a store may '
	'delete any draft of the store';

CREATE FUNCTION msgstore.parked_edits(store_id bigint, parked_id bigint,
									  OUT message_id bigint,
									  OUT change_number bigint,
									  OUT changes jsonb, OUT folder_id bigint,
									  OUT parked_at timestamptz)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'parked_edits';
COMMENT ON FUNCTION msgstore.parked_edits(bigint, bigint) IS
	'Return the base of a parked draft and its edits as a patch; '
	'change_number is NULL for a new message';

CREATE FUNCTION msgstore.park_message(store_id bigint, message_id bigint,
									  change_number bigint, changes jsonb,
									  parked_id bigint DEFAULT NULL,
									  folder_id bigint DEFAULT NULL,
									  actor text DEFAULT NULL)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'park_message';
COMMENT ON FUNCTION msgstore.park_message(bigint, bigint, bigint, jsonb,
										  bigint, bigint, text) IS
	'Store a patch on a change number as a draft, or with message_id and '
	'change_number NULL a new message, and return the id of the draft; '
	'parked_id is a draft to replace';

CREATE FUNCTION msgstore.resolve_parked(store_id bigint, parked_id bigint,
										choice text,
										folder_id bigint DEFAULT NULL,
										seen bigint DEFAULT NULL,
										actor text DEFAULT NULL,
										OUT result msgstore.hresult,
										OUT message_id bigint,
										OUT change_number bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'resolve_parked';
COMMENT ON FUNCTION msgstore.resolve_parked(bigint, bigint, text, bigint,
											bigint, text) IS
	'Settle the conflict of a parked draft, as resolve_conflict(handle, '
	'choice) does for a handle; delete the draft if that succeeds';

CREATE VIEW msgstore.parked WITH (security_barrier) AS
	SELECT p.store_id, p.parked_id, p.message_id,
		   p.base_change_number AS change_number,
		   p.base_change_number IS NULL AS is_new,
		   p.props OPERATOR(pg_catalog.->>) 'PR_SUBJECT' AS subject,
		   ARRAY(SELECT k.name
				 FROM pg_catalog.jsonb_object_keys(p.props) AS k (name)
				 WHERE k.name OPERATOR(pg_catalog.<>) ALL (
					ARRAY['PR_TRANSPORT_MESSAGE_HEADERS', 'PR_BODY',
						  'PR_HTML', 'PR_RTF_COMPRESSED'])
				 UNION ALL
				 SELECT t.name
				 FROM (VALUES (2, 'PR_MESSAGE_RECIPIENTS'),
							  (3, 'PR_MESSAGE_ATTACHMENTS'),
							  (4, 'PR_TRANSPORT_MESSAGE_HEADERS'),
							  (5, 'PR_BODY'),
							  (6, 'PR_HTML'),
							  (7, 'PR_RTF_COMPRESSED')) AS t (part, name)
				 WHERE pg_catalog.substr(p.touched, t.part, 1)
					   OPERATOR(pg_catalog.=) '2') AS properties,
		   p.actor, p.client, p.parked_at, p.role
	FROM msgstore.parked_draft AS p
	WHERE (p.role OPERATOR(pg_catalog.=) CURRENT_USER
		   AND msgstore.may_use_store(p.store_id))
	   OR msgstore_internal.owns_store(p.store_id)
	   OR (p.change_key IS NOT NULL
		   AND msgstore_internal.history_readable(p.store_id, p.message_id));
GRANT SELECT ON msgstore.parked TO PUBLIC;
COMMENT ON VIEW msgstore.parked IS
	'The drafts that the current role has parked, those that belong to '
	'messages it may read, and all drafts of the stores that it owns';

/* ======================================================================= blob
 *
 * Large strings and bytes, in chunks: blob.c.  A property refers to a blob as
 * {"blob": id, "size": bytes}.
 */

/*
 * One row per blob.  A blob under construction belongs to the session that
 * uploads it; the save that stores a reference to it seals it.
 */
CREATE TABLE msgstore.blob (
	store_id        bigint      NOT NULL,
	blob_id         bigint      NOT NULL,
	size            bigint      NOT NULL,
	sealed          boolean     NOT NULL,
	is_text         boolean     NOT NULL,
	uploader_pid    integer     NOT NULL,
	uploader_start  timestamptz NOT NULL,
	created_at      timestamptz NOT NULL,
	creator         text,
	actor           text,
	PRIMARY KEY (store_id, blob_id)
);

COMMENT ON TABLE msgstore.blob IS
	'One row per value that is stored in chunks';
COMMENT ON COLUMN msgstore.blob.store_id IS
	'The store of the blob';
COMMENT ON COLUMN msgstore.blob.blob_id IS
	'The id of the blob';
COMMENT ON COLUMN msgstore.blob.size IS
	'Bytes; valid once the blob is sealed, or if it has a creator';
COMMENT ON COLUMN msgstore.blob.sealed IS
	'True if a version or a draft refers to the blob; a sealed blob never '
	'changes';
COMMENT ON COLUMN msgstore.blob.is_text IS
	'True for a string in UTF-8, false for binary';
COMMENT ON COLUMN msgstore.blob.uploader_pid IS
	'Process id of the session that writes the blob; 0 once no handle of the '
	'session needs it';
COMMENT ON COLUMN msgstore.blob.uploader_start IS
	'Start time of the session that writes the blob';
COMMENT ON COLUMN msgstore.blob.created_at IS
	'The time of the first write';
COMMENT ON COLUMN msgstore.blob.creator IS
	'The role that created the blob without a handle, and may refer to it; '
	'NULL for others';
COMMENT ON COLUMN msgstore.blob.actor IS
	'The user of the application who created the blob; NULL for others';

CREATE TRIGGER refuse_orphans AFTER DELETE OR UPDATE OF store_id, blob_id
	ON msgstore.blob
	FOR EACH ROW EXECUTE FUNCTION msgstore_internal.refuse_orphans();
COMMENT ON TRIGGER refuse_orphans ON msgstore.blob IS
	'Refuse to delete a blob that has references; delete its chunks with it';

/*
 * The bytes of the blobs.  STORAGE EXTERNAL leaves them uncompressed, so that
 * a part of a chunk is read without the rest.
 */
CREATE TABLE msgstore.blob_chunk (
	store_id      bigint  NOT NULL,
	blob_id       bigint  NOT NULL,
	chunk_number  integer NOT NULL,
	bytes         bytea   NOT NULL,
	PRIMARY KEY (store_id, blob_id, chunk_number)
);
ALTER TABLE msgstore.blob_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

COMMENT ON TABLE msgstore.blob_chunk IS
	'The bytes of blobs, 256 kB per row';
COMMENT ON COLUMN msgstore.blob_chunk.store_id IS
	'The store of the blob';
COMMENT ON COLUMN msgstore.blob_chunk.blob_id IS
	'The blob';
COMMENT ON COLUMN msgstore.blob_chunk.chunk_number IS
	'Position of the chunk, from 0';
COMMENT ON COLUMN msgstore.blob_chunk.bytes IS
	'256 kB; the rest in the last chunk';

/*
 * The messages that may refer to a blob, in any version or draft.  One row per
 * message and blob, not per version: a save that keeps an attachment writes
 * nothing here.
 */
CREATE TABLE msgstore.blob_ref (
	store_id    bigint NOT NULL,
	blob_id     bigint NOT NULL,
	message_id  bigint NOT NULL,
	draft_of    text,
	PRIMARY KEY (store_id, blob_id, message_id)
);

COMMENT ON TABLE msgstore.blob_ref IS
	'One row per message and blob that any version or draft of the message '
	'may refer to';
COMMENT ON COLUMN msgstore.blob_ref.store_id IS
	'The store of message and blob';
COMMENT ON COLUMN msgstore.blob_ref.blob_id IS
	'The blob';
COMMENT ON COLUMN msgstore.blob_ref.message_id IS
	'The message';
COMMENT ON COLUMN msgstore.blob_ref.draft_of IS
	'The role whose drafts are the only ones to refer to the blob; NULL once '
	'a version refers to it';

/*
 * The sessions whose handles need a blob that only a draft had.  A crash ends
 * every session, so the table may lose its rows with it.
 */
CREATE UNLOGGED TABLE msgstore.blob_hold (
	store_id      bigint      NOT NULL,
	blob_id       bigint      NOT NULL,
	holder_pid    integer     NOT NULL,
	holder_start  timestamptz NOT NULL,
	PRIMARY KEY (store_id, blob_id, holder_pid, holder_start)
);

COMMENT ON TABLE msgstore.blob_hold IS
	'One row per session and blob for handles with bytes that only a draft '
	'had';
COMMENT ON COLUMN msgstore.blob_hold.store_id IS
	'The store of the blob';
COMMENT ON COLUMN msgstore.blob_hold.blob_id IS
	'The blob';
COMMENT ON COLUMN msgstore.blob_hold.holder_pid IS
	'Process id of the session';
COMMENT ON COLUMN msgstore.blob_hold.holder_start IS
	'Start time of the session';

CREATE FUNCTION msgstore.create_blob(store_id bigint,
									 is_binary boolean DEFAULT true,
									 actor text DEFAULT NULL)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'create_blob';
COMMENT ON FUNCTION msgstore.create_blob(bigint, boolean, text) IS
	'Create an empty blob for bytes or a string, and return its id; without a '
	'reference it is deleted after a day';

CREATE FUNCTION msgstore.write_blob(store_id bigint, blob_id bigint,
									"offset" bigint, bytes bytea)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'write_blob';
COMMENT ON FUNCTION msgstore.write_blob(bigint, bigint, bigint, bytea) IS
	'Write a piece of a blob of create_blob() and return the size of the blob';

CREATE FUNCTION msgstore.read_blob(store_id bigint, message_id bigint,
								   blob_id bigint, "offset" bigint,
								   length bigint)
	RETURNS bytea
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'read_blob';
COMMENT ON FUNCTION msgstore.read_blob(bigint, bigint, bigint, bigint,
									   bigint) IS
	'Return a piece of a blob that a message refers to, or that the current '
	'role has created';

CREATE FUNCTION msgstore_internal.blobs_used(store_id bigint,
											 message_id bigint)
	RETURNS SETOF bigint
	LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT DISTINCT b.blob_id::bigint
		FROM (SELECT m.attachments, m.props
			  FROM msgstore.message AS m
			  WHERE m.store_id OPERATOR(pg_catalog.=) $1
				AND m.message_id OPERATOR(pg_catalog.=) $2
			  UNION ALL
			  SELECT NULL, msgstore_internal.unpack_undo(c.undo)
			  FROM msgstore.change AS c
			  WHERE c.store_id OPERATOR(pg_catalog.=) $1
				AND c.message_id OPERATOR(pg_catalog.=) $2
			  UNION ALL
			  SELECT p.attachments, p.props
			  FROM msgstore.parked_draft AS p
			  WHERE p.store_id OPERATOR(pg_catalog.=) $1
				AND p.message_id OPERATOR(pg_catalog.=) $2) AS l,
			 LATERAL (
				SELECT pg_catalog.jsonb_path_query(l.attachments, '$.**.blob')
				UNION ALL
				SELECT pg_catalog.jsonb_path_query(l.props, '$.**.blob')
			 ) AS b (blob_id)
	$$;
REVOKE EXECUTE ON FUNCTION msgstore_internal.blobs_used(bigint, bigint)
	FROM PUBLIC;
COMMENT ON FUNCTION msgstore_internal.blobs_used(bigint, bigint) IS
	'Return the blobs that any version or draft of a message refers to';

CREATE FUNCTION msgstore_internal.sweep_batch(store_id bigint,
											  OUT swept_references bigint,
											  OUT swept_blobs bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'sweep_batch';
COMMENT ON FUNCTION msgstore_internal.sweep_batch(bigint) IS
	'Do one step of sweep_blobs()';

CREATE PROCEDURE msgstore.sweep_blobs(store_id bigint,
									  INOUT swept bigint DEFAULT 0)
	LANGUAGE plpgsql
	AS $$
	DECLARE
		step pg_catalog.record;
	BEGIN
		swept := 0;
		LOOP
			SELECT b.swept_references, b.swept_blobs INTO step
			FROM msgstore_internal.sweep_batch($1) AS b;
			swept := swept OPERATOR(pg_catalog.+) step.swept_blobs;
			COMMIT;
			EXIT WHEN step.swept_references OPERATOR(pg_catalog.=) 0
				AND step.swept_blobs OPERATOR(pg_catalog.=) 0;
		END LOOP;
	END
	$$;
COMMENT ON PROCEDURE msgstore.sweep_blobs(bigint, bigint) IS
	'Delete the blobs of a store that no version, no draft and no upload in '
	'progress needs, and commit after every batch';

/* ===================================================================== handle
 *
 * Handles on messages, and the calls that read and edit through them:
 * handle.c, message.c.
 */

CREATE FUNCTION msgstore.open_message(store_id bigint, message_id bigint,
									  flags msgstore.open_flags DEFAULT '0')
	RETURNS integer
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'open_message';
COMMENT ON FUNCTION msgstore.open_message(bigint, bigint,
										  msgstore.open_flags) IS
	'Return a handle on the newest version of a message, read-only without '
	'MAPI_MODIFY or MAPI_BEST_ACCESS';

CREATE FUNCTION msgstore.create_message(store_id bigint, folder_id bigint,
										flags msgstore.create_flags
										DEFAULT '0')
	RETURNS integer
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'create_message';
COMMENT ON FUNCTION msgstore.create_message(bigint, bigint,
											msgstore.create_flags) IS
	'Return a read/write handle on a new message that nobody sees before its '
	'first save; with MAPI_ASSOCIATED on an associated message';

CREATE FUNCTION msgstore.message_id(handle integer)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'handle_message_id';
COMMENT ON FUNCTION msgstore.message_id(integer) IS
	'Return the id of the message of a handle';

CREATE FUNCTION msgstore.get_props(handle integer, tags text[] DEFAULT NULL)
	RETURNS jsonb
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'get_props';
COMMENT ON FUNCTION msgstore.get_props(integer, text[]) IS
	'Return the properties that a handle shows, its base and its pending '
	'edits; all of them if tags is NULL';

CREATE FUNCTION msgstore.get_props_json(handle integer,
										tags text[] DEFAULT NULL)
	RETURNS json
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'get_props_json';
COMMENT ON FUNCTION msgstore.get_props_json(integer, text[]) IS
	'Return the text of get_props() as json, for a client that reads the '
	'answer as a whole';

CREATE FUNCTION msgstore.get_prop_list(handle integer)
	RETURNS text[]
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'get_prop_list';
COMMENT ON FUNCTION msgstore.get_prop_list(integer) IS
	'Return the names of the properties that a handle shows, without reading '
	'their values';

CREATE FUNCTION msgstore.set_props(handle integer, props jsonb)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_props';
COMMENT ON FUNCTION msgstore.set_props(integer, jsonb) IS
	'Set properties on a handle, all or nothing; null deletes; save_changes() '
	'stores them';

CREATE FUNCTION msgstore.delete_props(handle integer, tags text[])
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'delete_props';
COMMENT ON FUNCTION msgstore.delete_props(integer, text[]) IS
	'Delete properties on a handle, all or nothing; save_changes() stores the '
	'deletion';

CREATE FUNCTION msgstore.refresh(handle integer)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'refresh';
COMMENT ON FUNCTION msgstore.refresh(integer) IS
	'Drop the pending edits of a handle and take the newest committed version '
	'as its base';

CREATE FUNCTION msgstore.close_object(handle integer)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'close_object';
COMMENT ON FUNCTION msgstore.close_object(integer) IS
	'Close a handle; drop its pending edits, store nothing';

CREATE FUNCTION msgstore_internal.open_handles(
	OUT handle integer, OUT store_id bigint, OUT message_id bigint,
	OUT is_new boolean, OUT access_level integer, OUT change_number bigint,
	OUT has_edits boolean, OUT opened_at timestamptz)
	RETURNS SETOF record
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'open_handles';
COMMENT ON FUNCTION msgstore_internal.open_handles() IS
	'Return the rows of the view open_handles';

CREATE VIEW msgstore.open_handles WITH (security_barrier) AS
	SELECT h.handle, h.store_id, h.message_id, h.is_new, h.access_level,
		   h.change_number, h.has_edits, h.opened_at
	FROM msgstore_internal.open_handles() AS h;
GRANT SELECT ON msgstore.open_handles TO PUBLIC;
COMMENT ON VIEW msgstore.open_handles IS
	'The open handles of this session: message, access level, base change '
	'number, true if edits are pending';

/* ======================================================================= save
 *
 * Saving through a handle, and reading and saving without one: save.c,
 * message.c.
 */

CREATE FUNCTION msgstore.save_changes(handle integer,
									  flags msgstore.save_flags DEFAULT '0')
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'save_changes';
COMMENT ON FUNCTION msgstore.save_changes(integer, msgstore.save_flags) IS
	'Store the pending edits of a handle: S_OK, or MAPI_E_OBJECT_CHANGED and '
	'nothing stored if somebody else has saved since its base';

CREATE FUNCTION msgstore.force_save(handle integer)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'force_save';
COMMENT ON FUNCTION msgstore.force_save(integer) IS
	'Store the content that a handle shows over every later save: '
	'save_changes(handle, ''FORCE_SAVE'')';

CREATE FUNCTION msgstore.save_message(store_id bigint, message_id bigint,
									  change_number bigint, changes jsonb,
									  flags msgstore.save_flags DEFAULT '0',
									  request text DEFAULT NULL,
									  actor text DEFAULT NULL,
									  OUT result msgstore.hresult,
									  OUT change_number bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'save_message';
COMMENT ON FUNCTION msgstore.save_message(bigint, bigint, bigint, jsonb,
										  msgstore.save_flags, text, text) IS
	'Open a message at a change number, set and save in one call; return the '
	'new number, or the current number if refused';

CREATE FUNCTION msgstore.save_message_number(store_id bigint,
											 message_id bigint,
											 change_number bigint,
											 changes jsonb,
											 flags msgstore.save_flags
												 DEFAULT '0',
											 request text DEFAULT NULL,
											 actor text DEFAULT NULL)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'save_message_number';
COMMENT ON FUNCTION msgstore.save_message_number(bigint, bigint, bigint, jsonb,
												 msgstore.save_flags, text,
												 text) IS
	'Save as save_message() does; return the new number, or NULL if refused';

CREATE FUNCTION msgstore.save_new_message(store_id bigint, folder_id bigint,
										  props jsonb,
										  flags msgstore.save_flags
											  DEFAULT '0',
										  request text DEFAULT NULL,
										  actor text DEFAULT NULL,
										  OUT result msgstore.hresult,
										  OUT message_id bigint,
										  OUT change_number bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'save_new_message';
COMMENT ON FUNCTION msgstore.save_new_message(bigint, bigint, jsonb,
											  msgstore.save_flags, text,
											  text) IS
	'Create a message and save it for the first time in one call';

CREATE FUNCTION msgstore.import_message(store_id bigint, folder_id bigint,
										props jsonb,
										headers text DEFAULT NULL,
										body text DEFAULT NULL,
										html bytea DEFAULT NULL,
										attachments bytea[] DEFAULT NULL,
										original bytea DEFAULT NULL,
										request text DEFAULT NULL,
										actor text DEFAULT NULL,
										OUT result msgstore.hresult,
										OUT message_id bigint,
										OUT change_number bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'import_message';
COMMENT ON FUNCTION msgstore.import_message(bigint, bigint, jsonb, text, text,
											bytea, bytea[], bytea, text,
											text) IS
	'Create and save a message, with its bytes beside the JSON; a reference '
	'{"blob": n, "size": bytes} in props is element n of attachments';

CREATE FUNCTION msgstore.save_messages(store_id bigint, changes jsonb,
									   flags msgstore.save_flags DEFAULT '0',
									   actor text DEFAULT NULL,
									   OUT item integer, OUT message_id bigint,
									   OUT result msgstore.hresult,
									   OUT change_number bigint)
	RETURNS SETOF record
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'save_messages';
COMMENT ON FUNCTION msgstore.save_messages(bigint, jsonb, msgstore.save_flags,
										   text) IS
	'Do many saves in one call, each with an answer of its own; changes is an '
	'array of {"message_id", "change_number", "changes"}, or of arrays of '
	'these three';

CREATE FUNCTION msgstore.read_message(store_id bigint, message_id bigint,
									  tags text[] DEFAULT NULL,
									  actor text DEFAULT NULL)
	RETURNS jsonb
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'read_message';
COMMENT ON FUNCTION msgstore.read_message(bigint, bigint, text[], text) IS
	'Return the properties of a message as of the snapshot of the statement, '
	'PidTagChangeNumber among them';

CREATE FUNCTION msgstore.read_message_json(store_id bigint, message_id bigint,
										   tags text[] DEFAULT NULL,
										   actor text DEFAULT NULL)
	RETURNS json
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'read_message_json';
COMMENT ON FUNCTION msgstore.read_message_json(bigint, bigint, text[],
											   text) IS
	'Return the text of read_message() as json, for a client that reads the '
	'answer as a whole';

/* ================================================================== subobject
 *
 * Attachments, embedded messages and recipients through handles: subobject.c.
 */

CREATE FUNCTION msgstore.create_attachment(handle integer)
	RETURNS integer
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'create_attachment';
COMMENT ON FUNCTION msgstore.create_attachment(integer) IS
	'Return a handle on a new attachment; its save folds it into the handle '
	'of the message, whose save stores it';

CREATE FUNCTION msgstore.open_attachment(handle integer, attach_num integer,
										 flags msgstore.open_flags DEFAULT '0')
	RETURNS integer
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'open_attachment';
COMMENT ON FUNCTION msgstore.open_attachment(integer, integer,
											 msgstore.open_flags) IS
	'Return a handle on the attachment with this PR_ATTACH_NUM';

CREATE FUNCTION msgstore.delete_attachment(handle integer, attach_num integer)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'delete_attachment';
COMMENT ON FUNCTION msgstore.delete_attachment(integer, integer) IS
	'Delete the attachment with this PR_ATTACH_NUM; the save of the message '
	'stores the deletion';

CREATE FUNCTION msgstore.open_embedded_message(handle integer,
											   flags msgstore.embedded_flags
												   DEFAULT '0')
	RETURNS integer
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'open_embedded_message';
COMMENT ON FUNCTION msgstore.open_embedded_message(integer,
												   msgstore.embedded_flags) IS
	'Return a handle on the message that an attachment embeds; MAPI_CREATE '
	'makes one';

CREATE FUNCTION msgstore.modify_recipients(handle integer,
										   flags msgstore.recipient_flags,
										   rows jsonb)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'modify_recipients';
COMMENT ON FUNCTION msgstore.modify_recipients(integer,
											   msgstore.recipient_flags,
											   jsonb) IS
	'Change the recipients on a handle: 0 replaces the list, the flags add, '
	'modify or remove rows by PR_ROWID';

/* ======================================================================= copy
 *
 * Copying properties from one handle to another: copy.c.
 */

CREATE FUNCTION msgstore.copy_to(handle integer, to_handle integer,
								 exclude text[] DEFAULT '{}',
								 flags msgstore.copy_flags DEFAULT '0',
								 OUT property text,
								 OUT result msgstore.hresult)
	RETURNS SETOF record
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1
	AS 'MODULE_PATHNAME', 'copy_to';
COMMENT ON FUNCTION msgstore.copy_to(integer, integer, text[],
									 msgstore.copy_flags) IS
	'Copy all properties but some from one handle to another, where they are '
	'pending; return those that were not copied';

CREATE FUNCTION msgstore.copy_props(handle integer, to_handle integer,
									include text[],
									flags msgstore.copy_flags DEFAULT '0',
									OUT property text,
									OUT result msgstore.hresult)
	RETURNS SETOF record
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1
	AS 'MODULE_PATHNAME', 'copy_props';
COMMENT ON FUNCTION msgstore.copy_props(integer, integer, text[],
										msgstore.copy_flags) IS
	'Copy named properties from one handle to another, where they are '
	'pending; return those that were not copied';

/* ===================================================================== stream
 *
 * Strings and binary values in pieces: stream.c.
 */

CREATE FUNCTION msgstore.stream_size(handle integer, property text)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'stream_size';
COMMENT ON FUNCTION msgstore.stream_size(integer, text) IS
	'Return the bytes of a string or binary property on a handle';

CREATE FUNCTION msgstore.read_stream(handle integer, property text,
									 "offset" bigint, length bigint)
	RETURNS bytea
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'read_stream';
COMMENT ON FUNCTION msgstore.read_stream(integer, text, bigint, bigint) IS
	'Return a piece of a string (UTF-8) or binary property on a handle';

CREATE FUNCTION msgstore.write_stream(handle integer, property text,
									  "offset" bigint, bytes bytea)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'write_stream';
COMMENT ON FUNCTION msgstore.write_stream(integer, text, bigint, bytea) IS
	'Write a piece of a string or binary property on a handle and return the '
	'size; the save of the message stores it';

CREATE FUNCTION msgstore.set_stream_size(handle integer, property text,
										 size bigint)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_stream_size';
COMMENT ON FUNCTION msgstore.set_stream_size(integer, text, bigint) IS
	'Cut a string or binary property on a handle to a size, or fill a binary '
	'one with zeros up to it';

CREATE FUNCTION msgstore.truncate_stream(handle integer, property text,
										 size bigint)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_stream_size';
COMMENT ON FUNCTION msgstore.truncate_stream(integer, text, bigint) IS
	'Do as set_stream_size()';

/* =================================================================== conflict
 *
 * The two sides of a conflict: conflict.c.
 */

CREATE FUNCTION msgstore.conflict(handle integer, whole boolean DEFAULT false,
								  OUT property text, OUT base jsonb,
								  OUT theirs jsonb, OUT yours jsonb,
								  OUT side text, OUT changed_by text,
								  OUT changed_at timestamptz, OUT client text,
								  OUT change_number bigint)
	RETURNS SETOF record
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'conflict_of_handle';
COMMENT ON FUNCTION msgstore.conflict(integer, boolean) IS
	'Return the properties that others or the handle have changed since its '
	'base: base, theirs, yours, side, author, time; large values are '
	'shortened unless whole is true';

CREATE FUNCTION msgstore.conflict(store_id bigint, message_id bigint,
								  change_number bigint, changes jsonb,
								  whole boolean DEFAULT false,
								  OUT property text, OUT base jsonb,
								  OUT theirs jsonb, OUT yours jsonb,
								  OUT side text, OUT changed_by text,
								  OUT changed_at timestamptz, OUT client text,
								  OUT change_number bigint)
	RETURNS SETOF record
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'conflict_of_message';
COMMENT ON FUNCTION msgstore.conflict(bigint, bigint, bigint, jsonb,
									  boolean) IS
	'Return the conflict of a patch on a change number, as conflict(handle) '
	'does for a handle';

/* ==================================================================== resolve
 *
 * The four ways to settle a conflict: resolve.c.
 */

CREATE FUNCTION msgstore.resolve_conflict(handle integer, choice text,
										  folder_id bigint DEFAULT NULL,
										  seen bigint DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'resolve_conflict_of_handle';
COMMENT ON FUNCTION msgstore.resolve_conflict(integer, text, bigint,
											  bigint) IS
	'Settle a conflict: KEEP_ORIGINAL, OVERWRITE (with seen: only that '
	'version), SAVE_ELSEWHERE (folder NULL: Conflicts), MERGE, or MERGE_TEXT '
	'(texts line by line)';

CREATE FUNCTION msgstore.resolve_conflict(store_id bigint, message_id bigint,
										  change_number bigint, changes jsonb,
										  choice text,
										  folder_id bigint DEFAULT NULL,
										  seen bigint DEFAULT NULL,
										  request text DEFAULT NULL,
										  actor text DEFAULT NULL,
										  OUT result msgstore.hresult,
										  OUT message_id bigint,
										  OUT change_number bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'resolve_conflict_of_message';
COMMENT ON FUNCTION msgstore.resolve_conflict(bigint, bigint, bigint, jsonb,
											  text, bigint, bigint, text,
											  text) IS
	'Settle the conflict of a patch on a change number, as '
	'resolve_conflict(handle, choice) does for a handle';

CREATE FUNCTION msgstore.merge_obstacles(handle integer,
										 by_lines boolean DEFAULT false)
	RETURNS text[]
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'merge_obstacles_of_handle';
COMMENT ON FUNCTION msgstore.merge_obstacles(integer, boolean) IS
	'Return the properties and objects of lists because of which '
	'resolve_conflict() would save nothing with MERGE, or by lines with '
	'MERGE_TEXT; an empty array if it would save';

CREATE FUNCTION msgstore.merge_obstacles(store_id bigint, message_id bigint,
										 change_number bigint, changes jsonb,
										 by_lines boolean DEFAULT false)
	RETURNS text[]
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'merge_obstacles_of_message';
COMMENT ON FUNCTION msgstore.merge_obstacles(bigint, bigint, bigint, jsonb,
											 boolean) IS
	'Return the obstacles of merging a patch on a change number, as '
	'merge_obstacles(handle) does';

CREATE FUNCTION msgstore.merge_obstacles(store_id bigint, parked_id bigint,
										 by_lines boolean DEFAULT false)
	RETURNS text[]
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'merge_obstacles_of_draft';
COMMENT ON FUNCTION msgstore.merge_obstacles(bigint, bigint, boolean) IS
	'Return the obstacles of merging a parked draft, as '
	'merge_obstacles(handle) does';

CREATE FUNCTION msgstore.merge_text(base text, theirs text, yours text,
									OUT merged text, OUT conflicts integer)
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'merge_text';
COMMENT ON FUNCTION msgstore.merge_text(text, text, text) IS
	'Merge two texts that were made from one base, line by line; a conflict '
	'is put between marks';

CREATE FUNCTION msgstore.text_hunks(base text, theirs text, yours text,
									OUT hunk integer, OUT side text,
									OUT is_conflict boolean,
									OUT base_line integer,
									OUT theirs_line integer,
									OUT yours_line integer,
									OUT base_text text,
									OUT theirs_text text,
									OUT yours_text text)
	RETURNS SETOF record
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'text_hunks';
COMMENT ON FUNCTION msgstore.text_hunks(text, text, text) IS
	'The hunks in which two texts differ from their base: who changed them, '
	'where, and the lines of each text';

CREATE FUNCTION msgstore.save_as(handle integer, folder_id bigint)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'save_as';
COMMENT ON FUNCTION msgstore.save_as(integer, bigint) IS
	'Save the content that a handle shows as a new message and return its id; '
	'original and handle do not change';

/* ====================================================================== place
 *
 * Deleting, restoring and moving messages: place.c.
 */

CREATE FUNCTION msgstore.delete_messages(store_id bigint, message_ids bigint[],
										 flags msgstore.delete_flags
											 DEFAULT '0',
										 if_change_number bigint DEFAULT NULL,
										 actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'delete_messages';
COMMENT ON FUNCTION msgstore.delete_messages(bigint, bigint[],
											 msgstore.delete_flags, bigint,
											 text) IS
	'Delete messages so that they can be restored, or for good with '
	'DELETE_HARD_DELETE; with if_change_number one message, and only at that '
	'version';

CREATE FUNCTION msgstore.restore_messages(store_id bigint,
										  message_ids bigint[],
										  actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'restore_messages';
COMMENT ON FUNCTION msgstore.restore_messages(bigint, bigint[], text) IS
	'Restore messages that were deleted, but not for good';

CREATE FUNCTION msgstore.move_messages(store_id bigint, message_ids bigint[],
									   folder_id bigint,
									   if_change_number bigint DEFAULT NULL,
									   actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'move_messages';
COMMENT ON FUNCTION msgstore.move_messages(bigint, bigint[], bigint,
										   bigint, text) IS
	'Move messages to another folder of the store; their ids stay';

/* ===================================================================== submit
 *
 * Messages that are submitted for sending, and the transports that send them:
 * submit.c.
 */

/*
 * One row per message that is submitted, or whose sending has failed.  The
 * message itself has the time of its submission.
 */
CREATE TABLE msgstore.outgoing (
	store_id       bigint      NOT NULL,
	message_id     bigint      NOT NULL,
	role           text        NOT NULL,
	actor          text,
	due_at         timestamptz NOT NULL,
	claim          bigint,
	claimed_by     text,
	claimed_until  timestamptz,
	attempt        integer     NOT NULL,
	failed_at      timestamptz,
	detail         text,
	PRIMARY KEY (store_id, message_id)
);
CREATE INDEX outgoing_due ON msgstore.outgoing (store_id, due_at);

COMMENT ON TABLE msgstore.outgoing IS
	'One row per message that is to be sent';
COMMENT ON COLUMN msgstore.outgoing.store_id IS
	'The store of the message';
COMMENT ON COLUMN msgstore.outgoing.message_id IS
	'The message';
COMMENT ON COLUMN msgstore.outgoing.role IS
	'The role that submitted the message';
COMMENT ON COLUMN msgstore.outgoing.actor IS
	'The actor who submitted the message; NULL if none was set';
COMMENT ON COLUMN msgstore.outgoing.due_at IS
	'The time from which on the message may be claimed';
COMMENT ON COLUMN msgstore.outgoing.claim IS
	'The number of the last claim; NULL if the message is not claimed';
COMMENT ON COLUMN msgstore.outgoing.claimed_by IS
	'The role of the transport that has the claim';
COMMENT ON COLUMN msgstore.outgoing.claimed_until IS
	'The end of the lease';
COMMENT ON COLUMN msgstore.outgoing.attempt IS
	'The number of claims since the submission';
COMMENT ON COLUMN msgstore.outgoing.failed_at IS
	'The time when sending failed for good; NULL if it did not';
COMMENT ON COLUMN msgstore.outgoing.detail IS
	'What the transport said of its last attempt';

CREATE FUNCTION msgstore.submit_message(handle integer)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'submit_handle';
COMMENT ON FUNCTION msgstore.submit_message(integer) IS
	'Save the pending edits of a handle and submit its message for sending';

CREATE FUNCTION msgstore.submit_message(store_id bigint, message_id bigint,
										change_number bigint,
										actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'submit_message';
COMMENT ON FUNCTION msgstore.submit_message(bigint, bigint, bigint, text) IS
	'Submit a message for sending; refused like a save over change_number';

CREATE FUNCTION msgstore.abort_submit(store_id bigint, message_id bigint,
									  actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'abort_submit';
COMMENT ON FUNCTION msgstore.abort_submit(bigint, bigint, text) IS
	'Take a submitted message back, unless a transport has claimed it';

CREATE FUNCTION msgstore.claim_outgoing(store_id bigint, max integer,
										lease interval,
										OUT message_id bigint,
										OUT change_number bigint,
										OUT claim bigint, OUT attempt integer)
	RETURNS SETOF record
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'claim_outgoing';
COMMENT ON FUNCTION msgstore.claim_outgoing(bigint, integer, interval) IS
	'Claim messages that are due, for one transport and the time of a lease';

CREATE FUNCTION msgstore.finish_submit(store_id bigint, message_id bigint,
									   claim bigint, outcome text,
									   detail text DEFAULT NULL,
									   retry_after interval DEFAULT NULL,
									   actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'finish_submit';
COMMENT ON FUNCTION msgstore.finish_submit(bigint, bigint, bigint, text, text,
										   interval, text) IS
	'Report the outcome of sending a claimed message: SENT, RETRY or FAILED';

CREATE VIEW msgstore.outgoing_queue WITH (security_barrier) AS
	SELECT o.store_id, o.message_id, m.folder_id,
		   m.props OPERATOR(pg_catalog.->>) 'PR_SUBJECT' AS subject,
		   m.change_number, coalesce(o.actor, o.role) AS submitted_by,
		   m.submitted_at, o.due_at,
		   CASE WHEN o.failed_at IS NOT NULL THEN 'failed'
				WHEN o.claimed_until OPERATOR(pg_catalog.>)
					 pg_catalog.clock_timestamp() THEN 'claimed'
				WHEN o.due_at OPERATOR(pg_catalog.>)
					 pg_catalog.clock_timestamp() THEN 'deferred'
				ELSE 'waiting' END AS state,
		   o.claimed_by, o.claimed_until, o.attempt, o.failed_at, o.detail
	FROM msgstore.outgoing AS o
	JOIN msgstore.message AS m
		ON m.store_id OPERATOR(pg_catalog.=) o.store_id
		AND m.message_id OPERATOR(pg_catalog.=) o.message_id
	WHERE m.deleted_at IS NULL
	  AND msgstore_internal.message_readable(m.store_id, m.folder_id,
											 m.creator);
GRANT SELECT ON msgstore.outgoing_queue TO PUBLIC;
COMMENT ON VIEW msgstore.outgoing_queue IS
	'The messages that are to be sent, and those whose sending has failed, '
	'that the current role may read';

/* =================================================================== presence
 *
 * Who is editing a message at this moment: presence.c.  Advice for people; no
 * save asks for it.
 */

/*
 * One row per session, user and message.  A crash ends every session, so the
 * table may lose its rows with it.
 */
CREATE UNLOGGED TABLE msgstore.editing (
	store_id    bigint      NOT NULL,
	message_id  bigint      NOT NULL,
	pid         integer     NOT NULL,
	role        text        NOT NULL,
	actor       text        NOT NULL,
	client      text,
	since       timestamptz NOT NULL,
	good_until  timestamptz NOT NULL,
	PRIMARY KEY (store_id, message_id, pid, role, actor)
);

COMMENT ON TABLE msgstore.editing IS
	'Announcements that a user is editing a message';
COMMENT ON COLUMN msgstore.editing.store_id IS
	'The store of the message';
COMMENT ON COLUMN msgstore.editing.message_id IS
	'The message';
COMMENT ON COLUMN msgstore.editing.pid IS
	'Process id of the session, so that no session waits for another';
COMMENT ON COLUMN msgstore.editing.role IS
	'The role of the user';
COMMENT ON COLUMN msgstore.editing.actor IS
	'The actor of the user; empty if none was set';
COMMENT ON COLUMN msgstore.editing.client IS
	'application_name of the session';
COMMENT ON COLUMN msgstore.editing.since IS
	'The time of the first announcement';
COMMENT ON COLUMN msgstore.editing.good_until IS
	'The time when the last announcement ends';

CREATE FUNCTION msgstore.announce_editing(store_id bigint, message_id bigint,
										  ttl interval,
										  actor text DEFAULT NULL)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'announce_editing';
COMMENT ON FUNCTION msgstore.announce_editing(bigint, bigint, interval,
											  text) IS
	'Announce that the current role and actor edit a message, for the time '
	'ttl; zero takes the announcement back';

CREATE FUNCTION msgstore.who_is_editing(store_id bigint, message_id bigint,
										OUT role text, OUT actor text,
										OUT client text,
										OUT since timestamptz,
										OUT good_until timestamptz)
	RETURNS SETOF record
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 5
	AS 'MODULE_PATHNAME', 'who_is_editing';
COMMENT ON FUNCTION msgstore.who_is_editing(bigint, bigint) IS
	'Return the users who have announced that they edit a message';

CREATE FUNCTION msgstore.copy_messages(store_id bigint, message_ids bigint[],
									   folder_id bigint,
									   to_store_id bigint DEFAULT NULL,
									   actor text DEFAULT NULL,
									   OUT message_id bigint,
									   OUT result msgstore.hresult,
									   OUT new_message_id bigint)
	RETURNS SETOF record
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'copy_messages';
COMMENT ON FUNCTION msgstore.copy_messages(bigint, bigint[], bigint, bigint,
										   text) IS
	'Copy messages into a folder, of another store unless to_store_id is '
	'NULL; return a row per message with the id of its copy';

CREATE FUNCTION msgstore.move_messages_to_store(store_id bigint,
												message_ids bigint[],
												folder_id bigint,
												to_store_id bigint,
												actor text DEFAULT NULL,
												OUT message_id bigint,
												OUT result msgstore.hresult,
												OUT new_message_id bigint)
	RETURNS SETOF record
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'move_messages_to_store';
COMMENT ON FUNCTION msgstore.move_messages_to_store(bigint, bigint[], bigint,
													bigint, text) IS
	'Move messages into a folder of another store: copy them, and delete the '
	'originals so that they can be restored';

CREATE FUNCTION msgstore.purge_messages(store_id bigint, message_ids bigint[],
										actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'purge_messages';
COMMENT ON FUNCTION msgstore.purge_messages(bigint, bigint[], text) IS
	'Erase messages with their history, drafts and blobs; for the owner of '
	'the store';

/* =================================================================== original
 *
 * The mail that messages are made from, as it came: original.c.
 */

/*
 * One row per piece of an original.  No save reads or writes the table; the
 * pieces are compressed as PostgreSQL compresses a bytea.  A hard delete of
 * the message deletes them.
 */
CREATE TABLE msgstore.original (
	store_id    bigint  NOT NULL,
	message_id  bigint  NOT NULL,
	"offset"    bigint  NOT NULL,
	bytes       bytea   NOT NULL,
	PRIMARY KEY (store_id, message_id, "offset")
);

COMMENT ON TABLE msgstore.original IS
	'PR_INTERNET_CONTENT: the mail that messages are made from, in pieces';
COMMENT ON COLUMN msgstore.original.store_id IS
	'The store of the message';
COMMENT ON COLUMN msgstore.original.message_id IS
	'The message';
COMMENT ON COLUMN msgstore.original."offset" IS
	'Position of the piece in the mail, in bytes';
COMMENT ON COLUMN msgstore.original.bytes IS
	'The piece';

/*
 * LZ4 takes a third of the time of PostgreSQL's own compression, which would
 * be a quarter of an import.  13 has no LZ4, nor has every build.
 */
DO $$
DECLARE
	one pg_catalog.text;
BEGIN
	IF EXISTS (SELECT FROM pg_catalog.pg_settings
			   WHERE name OPERATOR(pg_catalog.=) 'default_toast_compression'
			   AND 'lz4' OPERATOR(pg_catalog.=) ANY (enumvals)) THEN
		FOREACH one IN ARRAY '{original ALTER bytes, message ALTER headers,
				message ALTER body, message ALTER html,
				message ALTER rtf}'::pg_catalog.text[] LOOP
			EXECUTE pg_catalog.concat('ALTER TABLE msgstore.', one,
									  ' SET COMPRESSION lz4');
		END LOOP;
	END IF;
END
$$;

CREATE FUNCTION msgstore.write_original(store_id bigint, message_id bigint,
										"offset" bigint, bytes bytea)
	RETURNS bigint
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'write_original';
COMMENT ON FUNCTION msgstore.write_original(bigint, bigint, bigint, bytea) IS
	'Write the next piece of the mail that a message was made from; return '
	'its size';

CREATE FUNCTION msgstore.read_original(store_id bigint, message_id bigint,
									   "offset" bigint, length bigint)
	RETURNS bytea
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'read_original';
COMMENT ON FUNCTION msgstore.read_original(bigint, bigint, bigint, bigint) IS
	'Read a piece of the mail that a message was made from';

CREATE FUNCTION msgstore.keep_originals(store_id bigint, keep boolean)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'keep_originals';
COMMENT ON FUNCTION msgstore.keep_originals(bigint, boolean) IS
	'Set whether a store keeps the mail that its messages are made from';

/* ===================================================================== search
 *
 * Full text search: search.c, searchrow.c, searchtext.c.
 */

/*
 * One row per store for which set_search() was called: how its messages are
 * searched, and how far the rebuild is.  Names and not a regconfig, because
 * pg_upgrade refuses the latter in a table.
 */
CREATE TABLE msgstore.search_store (
	store_id        bigint      NOT NULL PRIMARY KEY,
	is_searched     boolean     NOT NULL,
	schema          text        NOT NULL,
	configuration   text        NOT NULL,
	generation      bigint      NOT NULL,
	rebuilt_to      bigint,
	messages_total  bigint,
	messages_done   bigint      NOT NULL DEFAULT 0,
	started_at      timestamptz,
	is_complete     boolean     NOT NULL DEFAULT false
);

COMMENT ON TABLE msgstore.search_store IS
	'How the messages of a store are searched';
COMMENT ON COLUMN msgstore.search_store.store_id IS
	'The store';
COMMENT ON COLUMN msgstore.search_store.is_searched IS
	'Saves index messages, and search_messages() finds them';
COMMENT ON COLUMN msgstore.search_store.schema IS
	'The schema of the text search configuration';
COMMENT ON COLUMN msgstore.search_store.configuration IS
	'The name of the text search configuration';
COMMENT ON COLUMN msgstore.search_store.generation IS
	'A new change number with every change by set_search(): older rows of '
	'message_search are not read';
COMMENT ON COLUMN msgstore.search_store.rebuilt_to IS
	'rebuild_search() goes on behind this message; NULL: at the first one';
COMMENT ON COLUMN msgstore.search_store.messages_total IS
	'The number of messages when the rebuild began; NULL: not begun';
COMMENT ON COLUMN msgstore.search_store.messages_done IS
	'The number of messages that the rebuild has visited';
COMMENT ON COLUMN msgstore.search_store.started_at IS
	'The time when the rebuild began; NULL: not begun';
COMMENT ON COLUMN msgstore.search_store.is_complete IS
	'The rebuild has visited all messages';

/*
 * One row per message and part of its text, so that a save writes only the
 * words of the parts that it changes: 0 subject, 1 people, 2 files, 3 bodies.
 * Each word begins with the generation, by which one index serves all stores.
 * fastupdate is off: a save writes its words itself instead of leaving them to
 * a later one, and a search has no pending list to read.
 *
 * The table is dumped although it follows from the messages, so that a
 * restored store is searched as it was without another step.
 */
CREATE TABLE msgstore.message_search (
	store_id    bigint    NOT NULL,
	message_id  bigint    NOT NULL,
	part        smallint  NOT NULL,
	generation  bigint    NOT NULL,
	words       tsvector  NOT NULL,
	PRIMARY KEY (store_id, message_id, part)
);

CREATE INDEX message_search_words ON msgstore.message_search
	USING gin (words) WITH (fastupdate = off);

COMMENT ON TABLE msgstore.message_search IS
	'The words of messages, for full text search';
COMMENT ON COLUMN msgstore.message_search.store_id IS
	'The store of the message';
COMMENT ON COLUMN msgstore.message_search.message_id IS
	'The message';
COMMENT ON COLUMN msgstore.message_search.part IS
	'0: subject, 1: names and addresses, 2: attachments, 3: bodies';
COMMENT ON COLUMN msgstore.message_search.generation IS
	'The generation of search_store under which the row was written';
COMMENT ON COLUMN msgstore.message_search.words IS
	'The words of the part, each behind the generation and a blank';

CREATE FUNCTION msgstore.set_search(store_id bigint, enabled boolean,
									configuration text DEFAULT 'simple')
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_search';
COMMENT ON FUNCTION msgstore.set_search(bigint, boolean, text) IS
	'Turn full text search of a store on or off; messages that are there are '
	'found after rebuild_search()';

CREATE FUNCTION msgstore.search_messages(store_id bigint, query text,
										 folder_id bigint DEFAULT NULL,
										 max integer DEFAULT 50,
										 after text DEFAULT NULL,
										 actor text DEFAULT NULL,
										 OUT message_id bigint,
										 OUT folder_id bigint,
										 OUT rank real,
										 OUT headline text,
										 OUT "position" text)
	RETURNS SETOF record
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 50
	AS 'MODULE_PATHNAME', 'search_messages';
COMMENT ON FUNCTION msgstore.search_messages(bigint, text, bigint, integer,
											 text, text) IS
	'Return a page of the messages that match a query in the syntax of web '
	'searches, the best first';

CREATE FUNCTION msgstore_internal.rebuild_begin(store_id bigint)
	RETURNS boolean
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'rebuild_begin';
COMMENT ON FUNCTION msgstore_internal.rebuild_begin(bigint) IS
	'Begin or resume rebuild_search()';

CREATE FUNCTION msgstore_internal.rebuild_batch(store_id bigint,
											   messages integer,
											   OUT done boolean,
											   OUT indexed bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'rebuild_batch';
COMMENT ON FUNCTION msgstore_internal.rebuild_batch(bigint, integer) IS
	'Do one step of rebuild_search()';

CREATE PROCEDURE msgstore.rebuild_search(store_id bigint,
										 messages integer DEFAULT 1000,
										 INOUT indexed bigint DEFAULT 0)
	LANGUAGE plpgsql
	AS $$
	DECLARE
		step pg_catalog.record;
	BEGIN
		indexed := 0;
		IF NOT msgstore_internal.rebuild_begin($1) THEN
			RETURN;
		END IF;
		LOOP
			COMMIT;
			SELECT b.done, b.indexed INTO step
			FROM msgstore_internal.rebuild_batch($1, $2) AS b;
			indexed := indexed OPERATOR(pg_catalog.+) step.indexed;
			EXIT WHEN step.done;
		END LOOP;
		COMMIT;
	END
	$$;
COMMENT ON PROCEDURE msgstore.rebuild_search(bigint, integer, bigint) IS
	'Index the messages of a store that is searched, or delete the words of '
	'one that is not, and commit after each batch; goes on where an earlier '
	'call stopped';

CREATE VIEW msgstore.search_progress WITH (security_barrier) AS
	SELECT s.store_id,
		   CASE WHEN NOT s.is_searched THEN 'off'
				WHEN s.is_complete THEN 'complete'
				WHEN s.started_at IS NULL THEN 'to rebuild'
				ELSE 'rebuilding' END AS phase,
		   pg_catalog.format('%I.%I', s.schema, s.configuration)
			   AS configuration,
		   s.messages_total, s.messages_done, s.started_at
	FROM msgstore.search_store AS s
	JOIN msgstore.store AS t ON t.store_id OPERATOR(pg_catalog.=) s.store_id
	WHERE EXISTS (
		SELECT FROM pg_catalog.pg_roles AS r
		WHERE r.rolname OPERATOR(pg_catalog.=) t.owner
		  AND pg_catalog.pg_has_role(r.oid, 'USAGE'));
GRANT SELECT ON msgstore.search_progress TO PUBLIC;
COMMENT ON VIEW msgstore.search_progress IS
	'How the stores of the current role are searched, and how far '
	'rebuild_search() is';
/* ======================================================================= sync
 *
 * Two stores that both change: import.c, importfolder.c, sync.c, and their
 * keys: lineage.c, origin.c.
 */

/*
 * One row per message and folder that came from another store.  The row
 * outlives the object, so that a change of a deleted one finds the deletion.
 */
CREATE TABLE msgstore.imported (
	store_id    bigint  NOT NULL,
	is_folder   boolean NOT NULL,
	source_key  bytea   NOT NULL,
	object_id   bigint  NOT NULL,
	is_alias    boolean NOT NULL,
	PRIMARY KEY (store_id, is_folder, source_key)
);
CREATE INDEX imported_object
	ON msgstore.imported (store_id, is_folder, object_id);

COMMENT ON TABLE msgstore.imported IS
	'The source keys of the messages and folders that came from other stores';
COMMENT ON COLUMN msgstore.imported.store_id IS
	'The store that has imported the object';
COMMENT ON COLUMN msgstore.imported.is_folder IS
	'True for a folder, false for a message';
COMMENT ON COLUMN msgstore.imported.source_key IS
	'PR_SOURCE_KEY: the key of the object in every store';
COMMENT ON COLUMN msgstore.imported.object_id IS
	'The id of the message or folder in this store';
COMMENT ON COLUMN msgstore.imported.is_alias IS
	'True if the key is that of a special folder of another store, for which '
	'the folder here stands';

/* One row per store from which a role has imported changes. */
CREATE TABLE msgstore.sync_position (
	store_id       bigint      NOT NULL,
	peer           text        NOT NULL,
	role           text        NOT NULL,
	token          text        NOT NULL,
	again          bigint[]    NOT NULL,
	folders_again  bigint[]    NOT NULL,
	updated_at     timestamptz NOT NULL,
	PRIMARY KEY (store_id, peer, role)
);

COMMENT ON TABLE msgstore.sync_position IS
	'How far the changes of other stores have been imported';
COMMENT ON COLUMN msgstore.sync_position.store_id IS
	'The store that imports';
COMMENT ON COLUMN msgstore.sync_position.peer IS
	'The store from which the changes come, as the caller names it';
COMMENT ON COLUMN msgstore.sync_position.role IS
	'The role that imports';
COMMENT ON COLUMN msgstore.sync_position.token IS
	'The position in the changes of that store, from changes_since()';
COMMENT ON COLUMN msgstore.sync_position.again IS
	'The messages of that store, by their ids there, that could not be '
	'imported yet';
COMMENT ON COLUMN msgstore.sync_position.folders_again IS
	'The folders of that store that could not be imported yet';
COMMENT ON COLUMN msgstore.sync_position.updated_at IS
	'The time of the last call';

CREATE FUNCTION msgstore.export_change(store_id bigint, message_id bigint)
	RETURNS jsonb
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'export_change';
COMMENT ON FUNCTION msgstore.export_change(bigint, bigint) IS
	'Return the version of a message, with the keys that it has in every '
	'store, in the form that import_change() takes';

CREATE FUNCTION msgstore.import_change(store_id bigint, folder_id bigint,
									   change jsonb,
									   method integer DEFAULT NULL,
									   actor text DEFAULT NULL,
									   OUT result msgstore.hresult,
									   OUT message_id bigint,
									   OUT change_number bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'import_change';
COMMENT ON FUNCTION msgstore.import_change(bigint, bigint, jsonb, integer,
										   text) IS
	'Import a change that another store has made to a message, as '
	'export_change() returns it; a conflict is resolved by "method", or by '
	'PR_RESOLVE_METHOD of the folder';

CREATE FUNCTION msgstore.import_deletion(store_id bigint, source_keys text[],
										 flags msgstore.delete_flags
											 DEFAULT '0',
										 actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'import_deletion';
COMMENT ON FUNCTION msgstore.import_deletion(bigint, text[],
											 msgstore.delete_flags, text) IS
	'Delete the messages with the given values of PR_SOURCE_KEY, as another '
	'store has done';

CREATE FUNCTION msgstore.import_move(store_id bigint, source_key text,
									 folder_id bigint, change_key text,
									 predecessors text,
									 actor text DEFAULT NULL,
									 OUT result msgstore.hresult,
									 OUT message_id bigint,
									 OUT change_number bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'import_move';
COMMENT ON FUNCTION msgstore.import_move(bigint, text, bigint, text, text,
										 text) IS
	'Move a message as another store has moved it: change_key is that of the '
	'move, predecessors the list of the version that was moved';

CREATE FUNCTION msgstore.export_read_state(store_id bigint,
										   message_ids bigint[],
										   actor text DEFAULT NULL)
	RETURNS jsonb
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'export_read_state';
COMMENT ON FUNCTION msgstore.export_read_state(bigint, bigint[], text) IS
	'Return the read flags that the current role and actor have set or '
	'cleared, in the form that import_read_state() takes';

CREATE FUNCTION msgstore.import_read_state(store_id bigint, states jsonb,
										   actor text DEFAULT NULL)
	RETURNS msgstore.hresult
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'import_read_state';
COMMENT ON FUNCTION msgstore.import_read_state(bigint, jsonb, text) IS
	'Set the read flags of the current role and actor to those of another '
	'store, unless they were changed later here';

CREATE FUNCTION msgstore.export_folder(store_id bigint, folder_id bigint)
	RETURNS jsonb
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'export_folder';
COMMENT ON FUNCTION msgstore.export_folder(bigint, bigint) IS
	'Return a folder, with the keys that it has in every store, in the form '
	'that import_folder() takes';

CREATE FUNCTION msgstore.import_folder(store_id bigint, change jsonb,
									   actor text DEFAULT NULL,
									   OUT result msgstore.hresult,
									   OUT folder_id bigint,
									   OUT change_number bigint)
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'import_folder';
COMMENT ON FUNCTION msgstore.import_folder(bigint, jsonb, text) IS
	'Import a folder that another store has changed, as export_folder() '
	'returns it';

CREATE FUNCTION msgstore.export_keys(store_id bigint, message_ids bigint[])
	RETURNS jsonb
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'export_keys';
COMMENT ON FUNCTION msgstore.export_keys(bigint, bigint[]) IS
	'Return the keys of messages, in the form that missing_changes() takes';

CREATE FUNCTION msgstore.missing_changes(store_id bigint, keys jsonb)
	RETURNS bigint[]
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'missing_changes';
COMMENT ON FUNCTION msgstore.missing_changes(bigint, jsonb) IS
	'Return the ids in another store of those messages whose versions are not '
	'known here';

CREATE FUNCTION msgstore.newer_changes(store_id bigint, keys jsonb)
	RETURNS bigint[]
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'newer_changes';
COMMENT ON FUNCTION msgstore.newer_changes(bigint, jsonb) IS
	'Return the ids of those messages whose versions another store lacks, '
	'given the keys of what that store has';

CREATE FUNCTION msgstore.newer_folders(store_id bigint, keys jsonb)
	RETURNS bigint[]
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'newer_folders';
COMMENT ON FUNCTION msgstore.newer_folders(bigint, jsonb) IS
	'Return the ids of those folders whose versions another store lacks, '
	'given the keys of what that store has';

CREATE FUNCTION msgstore.missing_blobs(store_id bigint, change jsonb,
									   OUT blob bigint, OUT size bigint,
									   OUT digest text,
									   OUT is_binary boolean)
	RETURNS SETOF record
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'missing_blobs';
COMMENT ON FUNCTION msgstore.missing_blobs(bigint, jsonb) IS
	'Return the blobs of a change that import_change() has to be given with '
	'"as", since the message here does not have them';

CREATE FUNCTION msgstore.get_sync_position(store_id bigint, peer text,
										   OUT sync_token text,
										   OUT again bigint[],
										   OUT folders_again bigint[])
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'get_sync_position';
COMMENT ON FUNCTION msgstore.get_sync_position(bigint, text) IS
	'Return how far the current role has imported the changes of another '
	'store';

CREATE FUNCTION msgstore.set_sync_position(store_id bigint, peer text,
										   sync_token text, again bigint[],
										   folders_again bigint[])
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'set_sync_position';
COMMENT ON FUNCTION msgstore.set_sync_position(bigint, text, text,
											   bigint[], bigint[]) IS
	'Record how far the current role has imported the changes of another '
	'store';

/* ====================================================================== check
 *
 * What foreign keys would refuse, were there any.
 */

CREATE FUNCTION msgstore_internal.check_number(number bigint, name text)
	RETURNS void
	LANGUAGE C STABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'check_number';
COMMENT ON FUNCTION msgstore_internal.check_number(bigint, text) IS
	'Refuse a number that is not below 2^53, for functions in SQL';

CREATE FUNCTION msgstore.check_store(store_id bigint DEFAULT NULL,
									 OUT relation text, OUT store_id bigint,
									 OUT id bigint, OUT missing text,
									 OUT missing_id bigint)
	RETURNS SETOF record
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT msgstore_internal.check_number($1, 'store_id');
		SELECT 'folder', c.store_id, c.folder_id, 'store', c.store_id
		FROM msgstore.folder AS c
		WHERE (c.store_id OPERATOR(pg_catalog.=) $1 OR $1 IS NULL)
		  AND NOT EXISTS (
			SELECT FROM msgstore.store AS p
			WHERE p.store_id OPERATOR(pg_catalog.=) c.store_id)
		UNION ALL
		SELECT 'folder', c.store_id, c.folder_id, 'folder', c.parent_id
		FROM msgstore.folder AS c
		WHERE (c.store_id OPERATOR(pg_catalog.=) $1 OR $1 IS NULL)
		  AND c.parent_id IS NOT NULL
		  AND NOT EXISTS (
			SELECT FROM msgstore.folder AS p
			WHERE p.store_id OPERATOR(pg_catalog.=) c.store_id
			  AND p.folder_id OPERATOR(pg_catalog.=) c.parent_id)
		UNION ALL
		SELECT 'named_property', c.store_id, c.property_id, 'store', c.store_id
		FROM msgstore.named_property AS c
		WHERE (c.store_id OPERATOR(pg_catalog.=) $1 OR $1 IS NULL)
		  AND NOT EXISTS (
			SELECT FROM msgstore.store AS p
			WHERE p.store_id OPERATOR(pg_catalog.=) c.store_id)
		UNION ALL
		SELECT 'message', c.store_id, c.message_id, 'folder', c.folder_id
		FROM msgstore.message AS c
		WHERE (c.store_id OPERATOR(pg_catalog.=) $1 OR $1 IS NULL)
		  AND NOT EXISTS (
			SELECT FROM msgstore.folder AS p
			WHERE p.store_id OPERATOR(pg_catalog.=) c.store_id
			  AND p.folder_id OPERATOR(pg_catalog.=) c.folder_id)
		UNION ALL
		SELECT 'parked_draft', c.store_id, c.parked_id, 'store', c.store_id
		FROM msgstore.parked_draft AS c
		WHERE (c.store_id OPERATOR(pg_catalog.=) $1 OR $1 IS NULL)
		  AND NOT EXISTS (
			SELECT FROM msgstore.store AS p
			WHERE p.store_id OPERATOR(pg_catalog.=) c.store_id)
		UNION ALL
		SELECT 'blob', c.store_id, c.blob_id, 'store', c.store_id
		FROM msgstore.blob AS c
		WHERE (c.store_id OPERATOR(pg_catalog.=) $1 OR $1 IS NULL)
		  AND NOT EXISTS (
			SELECT FROM msgstore.store AS p
			WHERE p.store_id OPERATOR(pg_catalog.=) c.store_id)
		UNION ALL
		SELECT 'blob_chunk', c.store_id, c.blob_id, 'blob', c.blob_id
		FROM msgstore.blob_chunk AS c
		WHERE (c.store_id OPERATOR(pg_catalog.=) $1 OR $1 IS NULL)
		  AND NOT EXISTS (
			SELECT FROM msgstore.blob AS p
			WHERE p.store_id OPERATOR(pg_catalog.=) c.store_id
			  AND p.blob_id OPERATOR(pg_catalog.=) c.blob_id)
		UNION ALL
		SELECT 'blob_ref', c.store_id, c.message_id, 'blob', c.blob_id
		FROM msgstore.blob_ref AS c
		WHERE (c.store_id OPERATOR(pg_catalog.=) $1 OR $1 IS NULL)
		  AND NOT EXISTS (
			SELECT FROM msgstore.blob AS p
			WHERE p.store_id OPERATOR(pg_catalog.=) c.store_id
			  AND p.blob_id OPERATOR(pg_catalog.=) c.blob_id)
	$$;
REVOKE EXECUTE ON FUNCTION msgstore.check_store(bigint) FROM PUBLIC;
COMMENT ON FUNCTION msgstore.check_store(bigint) IS
	'Return every row of a store, or of all stores, whose store, folder or '
	'blob is missing';

/* ====================================================================== stats
 *
 * What is done in each store, for whoever watches the server: activity.c.
 */

/*
 * Rows whose sums are the statistics.  A transaction that reports what its
 * session has counted has rows of its own; some reports fold the rows.
 */
CREATE TABLE msgstore.activity (
	store_id       bigint      NOT NULL,
	message_id     bigint      NOT NULL,
	xid            xid8        NOT NULL,
	saves          bigint      NOT NULL,
	conflicts      bigint      NOT NULL,
	forces         bigint      NOT NULL,
	merges         bigint      NOT NULL,
	versions       bigint      NOT NULL,
	bytes          bigint      NOT NULL,
	history_bytes  bigint      NOT NULL,
	blobs          bigint      NOT NULL,
	fought_at      timestamptz,
	pruned_at      timestamptz,
	swept_at       timestamptz,
	PRIMARY KEY (store_id, message_id, xid)
);

COMMENT ON TABLE msgstore.activity IS
	'Rows whose sums are the statistics of a store, or of a message';
COMMENT ON COLUMN msgstore.activity.store_id IS
	'The store';
COMMENT ON COLUMN msgstore.activity.message_id IS
	'The message; 0: the store as a whole';
COMMENT ON COLUMN msgstore.activity.xid IS
	'The transaction that has reported the counts';
COMMENT ON COLUMN msgstore.activity.saves IS
	'Versions that were saved, first versions and imports among them';
COMMENT ON COLUMN msgstore.activity.conflicts IS
	'Saves that were refused with MAPI_E_OBJECT_CHANGED';
COMMENT ON COLUMN msgstore.activity.forces IS
	'Saves that replaced a version that their client had not seen';
COMMENT ON COLUMN msgstore.activity.merges IS
	'Saves that were merged with a version that their client had not seen';
COMMENT ON COLUMN msgstore.activity.versions IS
	'Rows of change, without those that were pruned or purged';
COMMENT ON COLUMN msgstore.activity.bytes IS
	'The sum of PR_MESSAGE_SIZE of the messages';
COMMENT ON COLUMN msgstore.activity.history_bytes IS
	'The sum of the replaced values in the history, before compression';
COMMENT ON COLUMN msgstore.activity.blobs IS
	'Blobs, without those that were swept';
COMMENT ON COLUMN msgstore.activity.fought_at IS
	'The time of the last conflict, forced save or merge; only of a message';
COMMENT ON COLUMN msgstore.activity.pruned_at IS
	'The time of the last batch of prune_history()';
COMMENT ON COLUMN msgstore.activity.swept_at IS
	'The time of the last batch of sweep_blobs()';

CREATE FUNCTION msgstore_internal.unreported_activity(
	OUT store_id bigint, OUT message_id bigint, OUT saves bigint,
	OUT conflicts bigint, OUT forces bigint, OUT merges bigint,
	OUT versions bigint, OUT bytes bigint, OUT history_bytes bigint,
	OUT blobs bigint, OUT fought_at timestamptz, OUT pruned_at timestamptz,
	OUT swept_at timestamptz)
	RETURNS SETOF record
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 2
	AS 'MODULE_PATHNAME', 'unreported_activity';
COMMENT ON FUNCTION msgstore_internal.unreported_activity() IS
	'Return what this session has counted and not reported';

CREATE FUNCTION msgstore_internal.store_counts(store_id bigint,
											   OUT messages bigint,
											   OUT deleted bigint)
	RETURNS record
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000
	AS 'MODULE_PATHNAME', 'store_counts';
COMMENT ON FUNCTION msgstore_internal.store_counts(bigint) IS
	'Return the numbers of messages in a store: not deleted, and soft-deleted';

CREATE VIEW msgstore.msgstore_stats WITH (security_barrier) AS
	SELECT s.store_id, s.name, s.owner, c.messages,
		   c.deleted AS deleted_messages, a.bytes, a.versions,
		   a.history_bytes, a.blobs,
		   (SELECT pg_catalog.count(*) FROM msgstore.parked_draft AS p
			WHERE p.store_id OPERATOR(pg_catalog.=) s.store_id) AS drafts,
		   a.saves, a.conflicts, a.forces, a.merges,
		   (SELECT v.changed_at FROM msgstore.change AS v
			WHERE v.store_id OPERATOR(pg_catalog.=) s.store_id
			ORDER BY v.store_id, v.incarnation, v.xid, v.change_number
			LIMIT 1) AS oldest_version,
		   a.pruned_at AS last_prune, a.swept_at AS last_sweep
	FROM msgstore.store AS s
	CROSS JOIN LATERAL msgstore_internal.store_counts(s.store_id) AS c
	CROSS JOIN LATERAL (
		SELECT coalesce(pg_catalog.sum(u.bytes), 0)::bigint AS bytes,
			   coalesce(pg_catalog.sum(u.versions), 0)::bigint AS versions,
			   coalesce(pg_catalog.sum(u.history_bytes), 0)::bigint
				   AS history_bytes,
			   coalesce(pg_catalog.sum(u.blobs), 0)::bigint AS blobs,
			   coalesce(pg_catalog.sum(u.saves), 0)::bigint AS saves,
			   coalesce(pg_catalog.sum(u.conflicts), 0)::bigint AS conflicts,
			   coalesce(pg_catalog.sum(u.forces), 0)::bigint AS forces,
			   coalesce(pg_catalog.sum(u.merges), 0)::bigint AS merges,
			   pg_catalog.max(u.pruned_at) AS pruned_at,
			   pg_catalog.max(u.swept_at) AS swept_at
		FROM (
			SELECT r.bytes, r.versions, r.history_bytes, r.blobs, r.saves,
				   r.conflicts, r.forces, r.merges, r.pruned_at, r.swept_at
			FROM msgstore.activity AS r
			WHERE r.store_id OPERATOR(pg_catalog.=) s.store_id
			  AND r.message_id OPERATOR(pg_catalog.=) 0
			UNION ALL
			SELECT r.bytes, r.versions, r.history_bytes, r.blobs, r.saves,
				   r.conflicts, r.forces, r.merges, r.pruned_at, r.swept_at
			FROM msgstore_internal.unreported_activity() AS r
			WHERE r.store_id OPERATOR(pg_catalog.=) s.store_id
			  AND r.message_id OPERATOR(pg_catalog.=) 0) AS u) AS a
	WHERE pg_catalog.pg_has_role('pg_monitor', 'USAGE')
	   OR EXISTS (
		SELECT FROM pg_catalog.pg_roles AS r
		WHERE r.rolname OPERATOR(pg_catalog.=) s.owner
		  AND pg_catalog.pg_has_role(r.oid, 'USAGE'));
GRANT SELECT ON msgstore.msgstore_stats TO PUBLIC;
COMMENT ON VIEW msgstore.msgstore_stats IS
	'Statistics of the stores of the current role, or for members of '
	'pg_monitor of all stores: sizes, saves, conflicts, upkeep';

CREATE VIEW msgstore.contested_messages WITH (security_barrier) AS
	SELECT m.store_id, m.message_id, m.folder_id,
		   pg_catalog.sum(u.conflicts)::bigint AS conflicts,
		   pg_catalog.sum(u.forces)::bigint AS forces,
		   pg_catalog.sum(u.merges)::bigint AS merges,
		   pg_catalog.max(u.fought_at) AS last_at
	FROM (
		SELECT r.store_id, r.message_id, r.conflicts, r.forces, r.merges,
			   r.fought_at
		FROM msgstore.activity AS r
		WHERE r.message_id OPERATOR(pg_catalog.<>) 0
		UNION ALL
		SELECT r.store_id, r.message_id, r.conflicts, r.forces, r.merges,
			   r.fought_at
		FROM msgstore_internal.unreported_activity() AS r
		WHERE r.message_id OPERATOR(pg_catalog.<>) 0) AS u
	JOIN msgstore.message AS m
		ON m.store_id OPERATOR(pg_catalog.=) u.store_id
		AND m.message_id OPERATOR(pg_catalog.=) u.message_id
	WHERE pg_catalog.pg_has_role('pg_monitor', 'USAGE')
	   OR msgstore_internal.message_readable(m.store_id, m.folder_id,
											 m.creator)
	GROUP BY m.store_id, m.message_id, m.folder_id;
GRANT SELECT ON msgstore.contested_messages TO PUBLIC;
COMMENT ON VIEW msgstore.contested_messages IS
	'The messages over which clients have fought: conflicts, forced saves, '
	'merges; those that the current role may read, or for members of '
	'pg_monitor all';

CREATE FUNCTION msgstore.recount_stats(store_id bigint)
	RETURNS void
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'recount_stats';
COMMENT ON FUNCTION msgstore.recount_stats(bigint) IS
	'Count the versions, blobs and bytes of a store anew, for '
	'msgstore_stats';

/* ==================================================================== version
 *
 * The module is a file of the server, the script is a row of the database:
 * after an upgrade of the package they differ until ALTER EXTENSION.
 */

CREATE FUNCTION msgstore.msgstore_version(OUT module text, OUT script text)
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'msgstore_version';
COMMENT ON FUNCTION msgstore.msgstore_version() IS
	'Return the version of the loaded module, and of the script that has '
	'made the objects of the extension';

/* ================================================================ compression
 *
 * Large values are compressed with lz4 where the server was built with it: a
 * body is decompressed with a fifth of the instructions of pglz.  PostgreSQL
 * 13 has neither the method nor the syntax, so the statements are text.  The
 * method of a column holds for new values; each stored value names its own,
 * and a dump has the values uncompressed.
 */

DO $$
DECLARE
	large pg_catalog.record;
BEGIN
	FOR large IN
		SELECT c.relname, a.attname
		FROM pg_catalog.pg_class AS c
		JOIN pg_catalog.pg_attribute AS a
			ON a.attrelid OPERATOR(pg_catalog.=) c.oid
		WHERE c.relnamespace OPERATOR(pg_catalog.=)
			  'msgstore'::pg_catalog.regnamespace
		  AND c.relkind OPERATOR(pg_catalog.=) 'r'
		  AND a.attnum OPERATOR(pg_catalog.>) 0
		  AND NOT a.attisdropped
		  AND a.attstorage OPERATOR(pg_catalog.=) ANY ('{x,m}')
		  AND EXISTS (
			SELECT FROM pg_catalog.pg_settings AS s
			WHERE s.name OPERATOR(pg_catalog.=) 'default_toast_compression'
			  AND 'lz4' OPERATOR(pg_catalog.=) ANY (s.enumvals))
	LOOP
		EXECUTE pg_catalog.format(
			'ALTER TABLE msgstore.%I ALTER COLUMN %I SET COMPRESSION lz4',
			large.relname, large.attname);
	END LOOP;
END
$$;

/* ======================================================================= dump
 *
 * The tables and sequences that pg_dump has to dump.  One SELECT per call:
 * several calls in one statement overwrite each other.
 */

SELECT pg_catalog.pg_extension_config_dump('msgstore.store', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.folder', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.folder_change', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.folder_count', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.activity', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.folder_right', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.named_property', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.message', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.change', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.author', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.store_state', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.read_page', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.read_mark', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.read_folder', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.message_status', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.outgoing', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.parked_draft', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.blob', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.blob_chunk', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.blob_ref', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.original', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.search_store', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.message_search', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.imported', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.sync_position', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.node', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.incarnation', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.store_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.folder_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.message_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.parked_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.blob_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('msgstore.change_number_seq', '');
