\echo Use "CREATE EXTENSION msgstore" to load this file. \quit

-- Messages are UTF-8 from end to end: addresses, subjects and bodies of any
-- script have to fit, and what is stored is never converted.
DO $$
BEGIN
	IF pg_catalog.current_setting('server_encoding') OPERATOR(pg_catalog.<>) 'UTF8' THEN
		RAISE EXCEPTION 'msgstore needs a database whose encoding is UTF8'
			USING ERRCODE = 'feature_not_supported',
				DETAIL = pg_catalog.format('The encoding of this one is %s.',
					pg_catalog.current_setting('server_encoding')),
				HINT = 'Create one with ENCODING ''UTF8'' TEMPLATE template0.';
	END IF;
END
$$;

-- --------------------------------------------------------------------------
-- hresult
--
--	The outcome of a call: src/hresult.c.  Reads the name of a code, hex or
--	signed decimal; prints the name.  Compares, hashes and travels as int4.
-- --------------------------------------------------------------------------

CREATE TYPE hresult;

CREATE FUNCTION hresult_in(cstring)
RETURNS hresult
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hresult_in(cstring) IS
	'reads a result: the name of a code, hex, or signed decimal';

CREATE FUNCTION hresult_out(hresult)
RETURNS cstring
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hresult_out(hresult) IS
	'writes a result: the name of its code, or hex where it has none';

CREATE FUNCTION hresult_recv(internal)
RETURNS hresult
AS 'int4recv'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hresult_recv(internal) IS
	'reads the binary form of a result, an int4';

CREATE FUNCTION hresult_send(hresult)
RETURNS bytea
AS 'int4send'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hresult_send(hresult) IS
	'writes the binary form of a result, an int4';

CREATE TYPE hresult (
	INPUT = hresult_in,
	OUTPUT = hresult_out,
	RECEIVE = hresult_recv,
	SEND = hresult_send,
	LIKE = pg_catalog.int4
);
COMMENT ON TYPE hresult IS
	'outcome of a call: S_OK, MAPI_E_OBJECT_CHANGED and their like';

CREATE CAST (int4 AS hresult) WITHOUT FUNCTION;
COMMENT ON CAST (int4 AS hresult) IS 'the code of this number';
CREATE CAST (hresult AS int4) WITHOUT FUNCTION;
COMMENT ON CAST (hresult AS int4) IS 'the number of this code';

CREATE FUNCTION hresult_eq(hresult, hresult)
RETURNS boolean
AS 'int4eq'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION hresult_eq(hresult, hresult) IS
	'implementation of the operator =';

CREATE FUNCTION hresult_ne(hresult, hresult)
RETURNS boolean
AS 'int4ne'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION hresult_ne(hresult, hresult) IS
	'implementation of the operator <>';

CREATE FUNCTION hresult_lt(hresult, hresult)
RETURNS boolean
AS 'int4lt'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION hresult_lt(hresult, hresult) IS
	'implementation of the operator <';

CREATE FUNCTION hresult_le(hresult, hresult)
RETURNS boolean
AS 'int4le'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION hresult_le(hresult, hresult) IS
	'implementation of the operator <=';

CREATE FUNCTION hresult_gt(hresult, hresult)
RETURNS boolean
AS 'int4gt'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION hresult_gt(hresult, hresult) IS
	'implementation of the operator >';

CREATE FUNCTION hresult_ge(hresult, hresult)
RETURNS boolean
AS 'int4ge'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION hresult_ge(hresult, hresult) IS
	'implementation of the operator >=';

CREATE OPERATOR = (
	FUNCTION = hresult_eq,
	LEFTARG = hresult,
	RIGHTARG = hresult,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (hresult, hresult) IS 'equal';

CREATE OPERATOR <> (
	FUNCTION = hresult_ne,
	LEFTARG = hresult,
	RIGHTARG = hresult,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (hresult, hresult) IS 'not equal';

CREATE OPERATOR < (
	FUNCTION = hresult_lt,
	LEFTARG = hresult,
	RIGHTARG = hresult,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (hresult, hresult) IS 'less';

CREATE OPERATOR <= (
	FUNCTION = hresult_le,
	LEFTARG = hresult,
	RIGHTARG = hresult,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (hresult, hresult) IS 'less or equal';

CREATE OPERATOR > (
	FUNCTION = hresult_gt,
	LEFTARG = hresult,
	RIGHTARG = hresult,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (hresult, hresult) IS 'greater';

CREATE OPERATOR >= (
	FUNCTION = hresult_ge,
	LEFTARG = hresult,
	RIGHTARG = hresult,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (hresult, hresult) IS 'greater or equal';

CREATE FUNCTION hresult_cmp(hresult, hresult)
RETURNS int4
AS 'btint4cmp'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION hresult_cmp(hresult, hresult) IS
	'orders results by their number';

CREATE FUNCTION hresult_hash(hresult)
RETURNS int4
AS 'hashint4'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hresult_hash(hresult) IS
	'hashes a result';

CREATE FUNCTION hresult_hash_extended(hresult, bigint)
RETURNS bigint
AS 'hashint4extended'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hresult_hash_extended(hresult, bigint) IS
	'hashes a result, with a seed';

CREATE OPERATOR CLASS hresult_ops
DEFAULT FOR TYPE hresult USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 hresult_cmp(hresult, hresult);
COMMENT ON OPERATOR CLASS hresult_ops USING btree IS
	'results in the order of their numbers, failures first';
COMMENT ON OPERATOR FAMILY hresult_ops USING btree IS
	'results in the order of their numbers, failures first';

CREATE OPERATOR CLASS hresult_ops
DEFAULT FOR TYPE hresult USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 hresult_hash(hresult),
	FUNCTION 2 hresult_hash_extended(hresult, bigint);
COMMENT ON OPERATOR CLASS hresult_ops USING hash IS
	'hashed results';
COMMENT ON OPERATOR FAMILY hresult_ops USING hash IS
	'hashed results';

CREATE FUNCTION succeeded(result hresult)
RETURNS boolean
AS 'MODULE_PATHNAME', 'hresult_succeeded'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION succeeded(hresult) IS
	'true for a success, warnings included';

CREATE FUNCTION failed(result hresult)
RETURNS boolean
AS 'MODULE_PATHNAME', 'hresult_failed'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION failed(hresult) IS
	'true for a failure';

CREATE FUNCTION throw_if_failed(result hresult, handle int4 DEFAULT NULL)
RETURNS hresult
AS 'MODULE_PATHNAME', 'hresult_throw_if_failed'
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION throw_if_failed(hresult, int4) IS
	'returns a success as it came, raises a failure as an error of class MA or MB';

-- --------------------------------------------------------------------------
-- flags
--
--	Sets of named bits, a type for each kind of call: src/flags.c.  Read names
--	joined by |, hex or decimal; print names.  Any integer casts to them, since
--	drivers send what they like; back they cast only when asked to.
-- --------------------------------------------------------------------------

CREATE TYPE open_flags;

CREATE FUNCTION open_flags_in(cstring)
RETURNS open_flags
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_in(cstring) IS
	'reads flags: names and numbers joined by |';

CREATE FUNCTION open_flags_out(open_flags)
RETURNS cstring
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_out(open_flags) IS
	'writes flags: names joined by |, bits without a name as hex';

CREATE FUNCTION open_flags_recv(internal)
RETURNS open_flags
AS 'int4recv'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_recv(internal) IS
	'reads the binary form of flags, an int4';

CREATE FUNCTION open_flags_send(open_flags)
RETURNS bytea
AS 'int4send'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_send(open_flags) IS
	'writes the binary form of flags, an int4';

CREATE TYPE open_flags (
	INPUT = open_flags_in,
	OUTPUT = open_flags_out,
	RECEIVE = open_flags_recv,
	SEND = open_flags_send,
	LIKE = pg_catalog.int4
);
COMMENT ON TYPE open_flags IS
	'how a message is opened: MAPI_MODIFY|MAPI_BEST_ACCESS';

CREATE FUNCTION open_flags_from_int2(int2)
RETURNS open_flags
AS 'i2toi4'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_from_int2(int2) IS
	'implementation of the cast';

CREATE FUNCTION open_flags_from_int8(int8)
RETURNS open_flags
AS 'int84'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_from_int8(int8) IS
	'implementation of the cast';

CREATE FUNCTION open_flags_to_int2(open_flags)
RETURNS int2
AS 'i4toi2'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_to_int2(open_flags) IS
	'implementation of the cast';

CREATE FUNCTION open_flags_to_int8(open_flags)
RETURNS int8
AS 'int48'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_to_int8(open_flags) IS
	'implementation of the cast';

CREATE CAST (int2 AS open_flags) WITH FUNCTION open_flags_from_int2(int2) AS IMPLICIT;
COMMENT ON CAST (int2 AS open_flags) IS 'the flags of these bits';
CREATE CAST (int4 AS open_flags) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (int4 AS open_flags) IS 'the flags of these bits';
CREATE CAST (int8 AS open_flags) WITH FUNCTION open_flags_from_int8(int8) AS IMPLICIT;
COMMENT ON CAST (int8 AS open_flags) IS 'the flags of these bits';
CREATE CAST (open_flags AS int2) WITH FUNCTION open_flags_to_int2(open_flags);
COMMENT ON CAST (open_flags AS int2) IS 'the bits of these flags';
CREATE CAST (open_flags AS int4) WITHOUT FUNCTION;
COMMENT ON CAST (open_flags AS int4) IS 'the bits of these flags';
CREATE CAST (open_flags AS int8) WITH FUNCTION open_flags_to_int8(open_flags);
COMMENT ON CAST (open_flags AS int8) IS 'the bits of these flags';

CREATE FUNCTION open_flags_or(open_flags, open_flags)
RETURNS open_flags
AS 'int4or'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_or(open_flags, open_flags) IS
	'implementation of the operator |';

CREATE FUNCTION open_flags_and(open_flags, open_flags)
RETURNS open_flags
AS 'int4and'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_and(open_flags, open_flags) IS
	'implementation of the operator &';

CREATE FUNCTION open_flags_eq(open_flags, open_flags)
RETURNS boolean
AS 'int4eq'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_eq(open_flags, open_flags) IS
	'implementation of the operator =';

CREATE FUNCTION open_flags_ne(open_flags, open_flags)
RETURNS boolean
AS 'int4ne'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION open_flags_ne(open_flags, open_flags) IS
	'implementation of the operator <>';

CREATE OPERATOR | (
	FUNCTION = open_flags_or,
	LEFTARG = open_flags,
	RIGHTARG = open_flags,
	COMMUTATOR = |
);
COMMENT ON OPERATOR | (open_flags, open_flags) IS 'flags of either side';

CREATE OPERATOR & (
	FUNCTION = open_flags_and,
	LEFTARG = open_flags,
	RIGHTARG = open_flags,
	COMMUTATOR = &
);
COMMENT ON OPERATOR & (open_flags, open_flags) IS 'flags of both sides';

CREATE OPERATOR = (
	FUNCTION = open_flags_eq,
	LEFTARG = open_flags,
	RIGHTARG = open_flags,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel
);
COMMENT ON OPERATOR = (open_flags, open_flags) IS 'equal';

CREATE OPERATOR <> (
	FUNCTION = open_flags_ne,
	LEFTARG = open_flags,
	RIGHTARG = open_flags,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (open_flags, open_flags) IS 'not equal';

CREATE TYPE save_flags;

CREATE FUNCTION save_flags_in(cstring)
RETURNS save_flags
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_in(cstring) IS
	'reads flags: names and numbers joined by |';

CREATE FUNCTION save_flags_out(save_flags)
RETURNS cstring
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_out(save_flags) IS
	'writes flags: names joined by |, bits without a name as hex';

CREATE FUNCTION save_flags_recv(internal)
RETURNS save_flags
AS 'int4recv'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_recv(internal) IS
	'reads the binary form of flags, an int4';

CREATE FUNCTION save_flags_send(save_flags)
RETURNS bytea
AS 'int4send'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_send(save_flags) IS
	'writes the binary form of flags, an int4';

CREATE TYPE save_flags (
	INPUT = save_flags_in,
	OUTPUT = save_flags_out,
	RECEIVE = save_flags_recv,
	SEND = save_flags_send,
	LIKE = pg_catalog.int4
);
COMMENT ON TYPE save_flags IS
	'how a message is saved: FORCE_SAVE|KEEP_OPEN_READWRITE';

CREATE FUNCTION save_flags_from_int2(int2)
RETURNS save_flags
AS 'i2toi4'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_from_int2(int2) IS
	'implementation of the cast';

CREATE FUNCTION save_flags_from_int8(int8)
RETURNS save_flags
AS 'int84'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_from_int8(int8) IS
	'implementation of the cast';

CREATE FUNCTION save_flags_to_int2(save_flags)
RETURNS int2
AS 'i4toi2'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_to_int2(save_flags) IS
	'implementation of the cast';

CREATE FUNCTION save_flags_to_int8(save_flags)
RETURNS int8
AS 'int48'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_to_int8(save_flags) IS
	'implementation of the cast';

CREATE CAST (int2 AS save_flags) WITH FUNCTION save_flags_from_int2(int2) AS IMPLICIT;
COMMENT ON CAST (int2 AS save_flags) IS 'the flags of these bits';
CREATE CAST (int4 AS save_flags) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (int4 AS save_flags) IS 'the flags of these bits';
CREATE CAST (int8 AS save_flags) WITH FUNCTION save_flags_from_int8(int8) AS IMPLICIT;
COMMENT ON CAST (int8 AS save_flags) IS 'the flags of these bits';
CREATE CAST (save_flags AS int2) WITH FUNCTION save_flags_to_int2(save_flags);
COMMENT ON CAST (save_flags AS int2) IS 'the bits of these flags';
CREATE CAST (save_flags AS int4) WITHOUT FUNCTION;
COMMENT ON CAST (save_flags AS int4) IS 'the bits of these flags';
CREATE CAST (save_flags AS int8) WITH FUNCTION save_flags_to_int8(save_flags);
COMMENT ON CAST (save_flags AS int8) IS 'the bits of these flags';

CREATE FUNCTION save_flags_or(save_flags, save_flags)
RETURNS save_flags
AS 'int4or'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_or(save_flags, save_flags) IS
	'implementation of the operator |';

CREATE FUNCTION save_flags_and(save_flags, save_flags)
RETURNS save_flags
AS 'int4and'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_and(save_flags, save_flags) IS
	'implementation of the operator &';

CREATE FUNCTION save_flags_eq(save_flags, save_flags)
RETURNS boolean
AS 'int4eq'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_eq(save_flags, save_flags) IS
	'implementation of the operator =';

CREATE FUNCTION save_flags_ne(save_flags, save_flags)
RETURNS boolean
AS 'int4ne'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION save_flags_ne(save_flags, save_flags) IS
	'implementation of the operator <>';

CREATE OPERATOR | (
	FUNCTION = save_flags_or,
	LEFTARG = save_flags,
	RIGHTARG = save_flags,
	COMMUTATOR = |
);
COMMENT ON OPERATOR | (save_flags, save_flags) IS 'flags of either side';

CREATE OPERATOR & (
	FUNCTION = save_flags_and,
	LEFTARG = save_flags,
	RIGHTARG = save_flags,
	COMMUTATOR = &
);
COMMENT ON OPERATOR & (save_flags, save_flags) IS 'flags of both sides';

CREATE OPERATOR = (
	FUNCTION = save_flags_eq,
	LEFTARG = save_flags,
	RIGHTARG = save_flags,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel
);
COMMENT ON OPERATOR = (save_flags, save_flags) IS 'equal';

CREATE OPERATOR <> (
	FUNCTION = save_flags_ne,
	LEFTARG = save_flags,
	RIGHTARG = save_flags,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (save_flags, save_flags) IS 'not equal';

CREATE TYPE delete_flags;

CREATE FUNCTION delete_flags_in(cstring)
RETURNS delete_flags
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_in(cstring) IS
	'reads flags: names and numbers joined by |';

CREATE FUNCTION delete_flags_out(delete_flags)
RETURNS cstring
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_out(delete_flags) IS
	'writes flags: names joined by |, bits without a name as hex';

CREATE FUNCTION delete_flags_recv(internal)
RETURNS delete_flags
AS 'int4recv'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_recv(internal) IS
	'reads the binary form of flags, an int4';

CREATE FUNCTION delete_flags_send(delete_flags)
RETURNS bytea
AS 'int4send'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_send(delete_flags) IS
	'writes the binary form of flags, an int4';

CREATE TYPE delete_flags (
	INPUT = delete_flags_in,
	OUTPUT = delete_flags_out,
	RECEIVE = delete_flags_recv,
	SEND = delete_flags_send,
	LIKE = pg_catalog.int4
);
COMMENT ON TYPE delete_flags IS
	'how messages are deleted: DELETE_HARD_DELETE';

CREATE FUNCTION delete_flags_from_int2(int2)
RETURNS delete_flags
AS 'i2toi4'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_from_int2(int2) IS
	'implementation of the cast';

CREATE FUNCTION delete_flags_from_int8(int8)
RETURNS delete_flags
AS 'int84'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_from_int8(int8) IS
	'implementation of the cast';

CREATE FUNCTION delete_flags_to_int2(delete_flags)
RETURNS int2
AS 'i4toi2'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_to_int2(delete_flags) IS
	'implementation of the cast';

CREATE FUNCTION delete_flags_to_int8(delete_flags)
RETURNS int8
AS 'int48'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_to_int8(delete_flags) IS
	'implementation of the cast';

CREATE CAST (int2 AS delete_flags) WITH FUNCTION delete_flags_from_int2(int2) AS IMPLICIT;
COMMENT ON CAST (int2 AS delete_flags) IS 'the flags of these bits';
CREATE CAST (int4 AS delete_flags) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (int4 AS delete_flags) IS 'the flags of these bits';
CREATE CAST (int8 AS delete_flags) WITH FUNCTION delete_flags_from_int8(int8) AS IMPLICIT;
COMMENT ON CAST (int8 AS delete_flags) IS 'the flags of these bits';
CREATE CAST (delete_flags AS int2) WITH FUNCTION delete_flags_to_int2(delete_flags);
COMMENT ON CAST (delete_flags AS int2) IS 'the bits of these flags';
CREATE CAST (delete_flags AS int4) WITHOUT FUNCTION;
COMMENT ON CAST (delete_flags AS int4) IS 'the bits of these flags';
CREATE CAST (delete_flags AS int8) WITH FUNCTION delete_flags_to_int8(delete_flags);
COMMENT ON CAST (delete_flags AS int8) IS 'the bits of these flags';

CREATE FUNCTION delete_flags_or(delete_flags, delete_flags)
RETURNS delete_flags
AS 'int4or'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_or(delete_flags, delete_flags) IS
	'implementation of the operator |';

CREATE FUNCTION delete_flags_and(delete_flags, delete_flags)
RETURNS delete_flags
AS 'int4and'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_and(delete_flags, delete_flags) IS
	'implementation of the operator &';

CREATE FUNCTION delete_flags_eq(delete_flags, delete_flags)
RETURNS boolean
AS 'int4eq'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_eq(delete_flags, delete_flags) IS
	'implementation of the operator =';

CREATE FUNCTION delete_flags_ne(delete_flags, delete_flags)
RETURNS boolean
AS 'int4ne'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION delete_flags_ne(delete_flags, delete_flags) IS
	'implementation of the operator <>';

CREATE OPERATOR | (
	FUNCTION = delete_flags_or,
	LEFTARG = delete_flags,
	RIGHTARG = delete_flags,
	COMMUTATOR = |
);
COMMENT ON OPERATOR | (delete_flags, delete_flags) IS 'flags of either side';

CREATE OPERATOR & (
	FUNCTION = delete_flags_and,
	LEFTARG = delete_flags,
	RIGHTARG = delete_flags,
	COMMUTATOR = &
);
COMMENT ON OPERATOR & (delete_flags, delete_flags) IS 'flags of both sides';

CREATE OPERATOR = (
	FUNCTION = delete_flags_eq,
	LEFTARG = delete_flags,
	RIGHTARG = delete_flags,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel
);
COMMENT ON OPERATOR = (delete_flags, delete_flags) IS 'equal';

CREATE OPERATOR <> (
	FUNCTION = delete_flags_ne,
	LEFTARG = delete_flags,
	RIGHTARG = delete_flags,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (delete_flags, delete_flags) IS 'not equal';

CREATE TYPE recipient_flags;

CREATE FUNCTION recipient_flags_in(cstring)
RETURNS recipient_flags
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_in(cstring) IS
	'reads flags: names and numbers joined by |';

CREATE FUNCTION recipient_flags_out(recipient_flags)
RETURNS cstring
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_out(recipient_flags) IS
	'writes flags: names joined by |, bits without a name as hex';

CREATE FUNCTION recipient_flags_recv(internal)
RETURNS recipient_flags
AS 'int4recv'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_recv(internal) IS
	'reads the binary form of flags, an int4';

CREATE FUNCTION recipient_flags_send(recipient_flags)
RETURNS bytea
AS 'int4send'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_send(recipient_flags) IS
	'writes the binary form of flags, an int4';

CREATE TYPE recipient_flags (
	INPUT = recipient_flags_in,
	OUTPUT = recipient_flags_out,
	RECEIVE = recipient_flags_recv,
	SEND = recipient_flags_send,
	LIKE = pg_catalog.int4
);
COMMENT ON TYPE recipient_flags IS
	'how a recipient list is changed: MODRECIP_ADD';

CREATE FUNCTION recipient_flags_from_int2(int2)
RETURNS recipient_flags
AS 'i2toi4'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_from_int2(int2) IS
	'implementation of the cast';

CREATE FUNCTION recipient_flags_from_int8(int8)
RETURNS recipient_flags
AS 'int84'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_from_int8(int8) IS
	'implementation of the cast';

CREATE FUNCTION recipient_flags_to_int2(recipient_flags)
RETURNS int2
AS 'i4toi2'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_to_int2(recipient_flags) IS
	'implementation of the cast';

CREATE FUNCTION recipient_flags_to_int8(recipient_flags)
RETURNS int8
AS 'int48'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_to_int8(recipient_flags) IS
	'implementation of the cast';

CREATE CAST (int2 AS recipient_flags) WITH FUNCTION recipient_flags_from_int2(int2) AS IMPLICIT;
COMMENT ON CAST (int2 AS recipient_flags) IS 'the flags of these bits';
CREATE CAST (int4 AS recipient_flags) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (int4 AS recipient_flags) IS 'the flags of these bits';
CREATE CAST (int8 AS recipient_flags) WITH FUNCTION recipient_flags_from_int8(int8) AS IMPLICIT;
COMMENT ON CAST (int8 AS recipient_flags) IS 'the flags of these bits';
CREATE CAST (recipient_flags AS int2) WITH FUNCTION recipient_flags_to_int2(recipient_flags);
COMMENT ON CAST (recipient_flags AS int2) IS 'the bits of these flags';
CREATE CAST (recipient_flags AS int4) WITHOUT FUNCTION;
COMMENT ON CAST (recipient_flags AS int4) IS 'the bits of these flags';
CREATE CAST (recipient_flags AS int8) WITH FUNCTION recipient_flags_to_int8(recipient_flags);
COMMENT ON CAST (recipient_flags AS int8) IS 'the bits of these flags';

CREATE FUNCTION recipient_flags_or(recipient_flags, recipient_flags)
RETURNS recipient_flags
AS 'int4or'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_or(recipient_flags, recipient_flags) IS
	'implementation of the operator |';

CREATE FUNCTION recipient_flags_and(recipient_flags, recipient_flags)
RETURNS recipient_flags
AS 'int4and'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_and(recipient_flags, recipient_flags) IS
	'implementation of the operator &';

CREATE FUNCTION recipient_flags_eq(recipient_flags, recipient_flags)
RETURNS boolean
AS 'int4eq'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_eq(recipient_flags, recipient_flags) IS
	'implementation of the operator =';

CREATE FUNCTION recipient_flags_ne(recipient_flags, recipient_flags)
RETURNS boolean
AS 'int4ne'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION recipient_flags_ne(recipient_flags, recipient_flags) IS
	'implementation of the operator <>';

CREATE OPERATOR | (
	FUNCTION = recipient_flags_or,
	LEFTARG = recipient_flags,
	RIGHTARG = recipient_flags,
	COMMUTATOR = |
);
COMMENT ON OPERATOR | (recipient_flags, recipient_flags) IS 'flags of either side';

CREATE OPERATOR & (
	FUNCTION = recipient_flags_and,
	LEFTARG = recipient_flags,
	RIGHTARG = recipient_flags,
	COMMUTATOR = &
);
COMMENT ON OPERATOR & (recipient_flags, recipient_flags) IS 'flags of both sides';

CREATE OPERATOR = (
	FUNCTION = recipient_flags_eq,
	LEFTARG = recipient_flags,
	RIGHTARG = recipient_flags,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel
);
COMMENT ON OPERATOR = (recipient_flags, recipient_flags) IS 'equal';

CREATE OPERATOR <> (
	FUNCTION = recipient_flags_ne,
	LEFTARG = recipient_flags,
	RIGHTARG = recipient_flags,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (recipient_flags, recipient_flags) IS 'not equal';

CREATE TYPE embedded_flags;

CREATE FUNCTION embedded_flags_in(cstring)
RETURNS embedded_flags
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_in(cstring) IS
	'reads flags: names and numbers joined by |';

CREATE FUNCTION embedded_flags_out(embedded_flags)
RETURNS cstring
AS 'MODULE_PATHNAME'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_out(embedded_flags) IS
	'writes flags: names joined by |, bits without a name as hex';

CREATE FUNCTION embedded_flags_recv(internal)
RETURNS embedded_flags
AS 'int4recv'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_recv(internal) IS
	'reads the binary form of flags, an int4';

CREATE FUNCTION embedded_flags_send(embedded_flags)
RETURNS bytea
AS 'int4send'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_send(embedded_flags) IS
	'writes the binary form of flags, an int4';

CREATE TYPE embedded_flags (
	INPUT = embedded_flags_in,
	OUTPUT = embedded_flags_out,
	RECEIVE = embedded_flags_recv,
	SEND = embedded_flags_send,
	LIKE = pg_catalog.int4
);
COMMENT ON TYPE embedded_flags IS
	'how an embedded message is opened: MAPI_MODIFY|MAPI_CREATE';

CREATE FUNCTION embedded_flags_from_int2(int2)
RETURNS embedded_flags
AS 'i2toi4'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_from_int2(int2) IS
	'implementation of the cast';

CREATE FUNCTION embedded_flags_from_int8(int8)
RETURNS embedded_flags
AS 'int84'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_from_int8(int8) IS
	'implementation of the cast';

CREATE FUNCTION embedded_flags_to_int2(embedded_flags)
RETURNS int2
AS 'i4toi2'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_to_int2(embedded_flags) IS
	'implementation of the cast';

CREATE FUNCTION embedded_flags_to_int8(embedded_flags)
RETURNS int8
AS 'int48'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_to_int8(embedded_flags) IS
	'implementation of the cast';

CREATE CAST (int2 AS embedded_flags) WITH FUNCTION embedded_flags_from_int2(int2) AS IMPLICIT;
COMMENT ON CAST (int2 AS embedded_flags) IS 'the flags of these bits';
CREATE CAST (int4 AS embedded_flags) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (int4 AS embedded_flags) IS 'the flags of these bits';
CREATE CAST (int8 AS embedded_flags) WITH FUNCTION embedded_flags_from_int8(int8) AS IMPLICIT;
COMMENT ON CAST (int8 AS embedded_flags) IS 'the flags of these bits';
CREATE CAST (embedded_flags AS int2) WITH FUNCTION embedded_flags_to_int2(embedded_flags);
COMMENT ON CAST (embedded_flags AS int2) IS 'the bits of these flags';
CREATE CAST (embedded_flags AS int4) WITHOUT FUNCTION;
COMMENT ON CAST (embedded_flags AS int4) IS 'the bits of these flags';
CREATE CAST (embedded_flags AS int8) WITH FUNCTION embedded_flags_to_int8(embedded_flags);
COMMENT ON CAST (embedded_flags AS int8) IS 'the bits of these flags';

CREATE FUNCTION embedded_flags_or(embedded_flags, embedded_flags)
RETURNS embedded_flags
AS 'int4or'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_or(embedded_flags, embedded_flags) IS
	'implementation of the operator |';

CREATE FUNCTION embedded_flags_and(embedded_flags, embedded_flags)
RETURNS embedded_flags
AS 'int4and'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_and(embedded_flags, embedded_flags) IS
	'implementation of the operator &';

CREATE FUNCTION embedded_flags_eq(embedded_flags, embedded_flags)
RETURNS boolean
AS 'int4eq'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_eq(embedded_flags, embedded_flags) IS
	'implementation of the operator =';

CREATE FUNCTION embedded_flags_ne(embedded_flags, embedded_flags)
RETURNS boolean
AS 'int4ne'
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION embedded_flags_ne(embedded_flags, embedded_flags) IS
	'implementation of the operator <>';

CREATE OPERATOR | (
	FUNCTION = embedded_flags_or,
	LEFTARG = embedded_flags,
	RIGHTARG = embedded_flags,
	COMMUTATOR = |
);
COMMENT ON OPERATOR | (embedded_flags, embedded_flags) IS 'flags of either side';

CREATE OPERATOR & (
	FUNCTION = embedded_flags_and,
	LEFTARG = embedded_flags,
	RIGHTARG = embedded_flags,
	COMMUTATOR = &
);
COMMENT ON OPERATOR & (embedded_flags, embedded_flags) IS 'flags of both sides';

CREATE OPERATOR = (
	FUNCTION = embedded_flags_eq,
	LEFTARG = embedded_flags,
	RIGHTARG = embedded_flags,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel
);
COMMENT ON OPERATOR = (embedded_flags, embedded_flags) IS 'equal';

CREATE OPERATOR <> (
	FUNCTION = embedded_flags_ne,
	LEFTARG = embedded_flags,
	RIGHTARG = embedded_flags,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (embedded_flags, embedded_flags) IS 'not equal';

/* ===================================================================== store
 *
 * Stores and their folders.  Small tables, read and written through SPI by
 * the module on behalf of callers who have no rights on them.
 */

CREATE TABLE store (
	store_id      bigint      NOT NULL PRIMARY KEY,
	name          text        NOT NULL UNIQUE,
	owner         text        NOT NULL,
	replica_guid  uuid        NOT NULL,
	created_at    timestamptz NOT NULL,
	keep_age      interval,
	keep_count    integer
);

COMMENT ON TABLE store IS 'One row a message store: the unit of ownership and of distribution';
COMMENT ON COLUMN store.store_id IS 'First in every key and every call';
COMMENT ON COLUMN store.name IS 'What people call it; unique in the database';
COMMENT ON COLUMN store.owner IS 'Role, by name, that the store belongs to; its members may use the store';
COMMENT ON COLUMN store.replica_guid IS 'GUID in the change keys and source keys of this store';
COMMENT ON COLUMN store.created_at IS 'When create_store() ran';
COMMENT ON COLUMN store.keep_age IS 'prune_history() leaves changes younger than this; NULL: age protects nothing';
COMMENT ON COLUMN store.keep_count IS 'prune_history() leaves so many of the newest changes of each message; NULL: rank protects nothing';

/*
 * A foreign key to the parent would be a cycle, of which every pg_dump warns;
 * create_folder() looks for the parent, and locks it.
 */
CREATE TABLE folder (
	store_id    bigint      NOT NULL REFERENCES store,
	folder_id   bigint      NOT NULL,
	parent_id   bigint,
	name        text        NOT NULL,
	special     text,
	created_at  timestamptz NOT NULL,
	PRIMARY KEY (store_id, folder_id),
	UNIQUE (store_id, parent_id, name),
	UNIQUE (store_id, special)
);

COMMENT ON TABLE folder IS 'One row a folder; each store has one root, whose parent is NULL';
COMMENT ON COLUMN folder.store_id IS 'The store it stands in';
COMMENT ON COLUMN folder.folder_id IS 'Its number, unique in the store';
COMMENT ON COLUMN folder.parent_id IS 'The folder above, in the same store; NULL for the root';
COMMENT ON COLUMN folder.name IS 'Display name, unique among its siblings';
COMMENT ON COLUMN folder.special IS 'Which standard folder it is (Root, Inbox, Outbox, Sent Items, Deleted Items, Drafts, Conflicts), or NULL';
COMMENT ON COLUMN folder.created_at IS 'When it was made';

/* ================================================================== property
 *
 * The ids that each store gives to named properties.  Values are stored under
 * names; an id is what a MAPI client wants to call them by.
 */

CREATE TABLE named_property (
	store_id      bigint   NOT NULL REFERENCES store,
	property_id   integer  NOT NULL CHECK (property_id BETWEEN 32768 AND 65534),
	property_set  uuid     NOT NULL,
	lid           bigint   CHECK (lid BETWEEN 0 AND 4294967295),
	name          text,
	PRIMARY KEY (store_id, property_id),
	UNIQUE (store_id, property_set, lid),
	UNIQUE (store_id, property_set, name),
	CHECK ((lid IS NULL) <> (name IS NULL))
);

COMMENT ON TABLE named_property IS 'One row a named property that get_ids_from_names() has given an id';
COMMENT ON COLUMN named_property.store_id IS 'The store whose id it is';
COMMENT ON COLUMN named_property.property_id IS 'The id, from 0x8000 to 0xFFFE';
COMMENT ON COLUMN named_property.property_set IS 'GUID of the property set';
COMMENT ON COLUMN named_property.lid IS 'LID, where it is named by a number';
COMMENT ON COLUMN named_property.name IS 'String, where it is named by one; in lower case in PS_INTERNET_HEADERS';

/* =================================================================== message
 *
 * One row is one message: what a save locks, checks and writes.  Columns that
 * never change come first; the number and the stamps stand last, beside the
 * bag, so that the bytes a save changes lie together.  Large values have
 * columns of their own: a save that leaves them alone reuses their TOAST
 * pointers.  No index mentions a column that a save writes, so saves stay HOT.
 */

CREATE TABLE message (
	store_id       bigint      NOT NULL,
	message_id     bigint      NOT NULL,
	folder_id      bigint      NOT NULL,
	created_at     timestamptz NOT NULL,
	message_flags  integer     NOT NULL,
	deleted_at     timestamptz,
	submitted_at   timestamptz,
	recipients     jsonb,
	attachments    jsonb,
	headers        text,
	body           text,
	html           bytea,
	rtf            bytea,
	props          jsonb       NOT NULL,
	predecessors   bigint[],
	change_number  bigint      NOT NULL,
	modified_at    timestamptz NOT NULL,
	modifier       text        NOT NULL,
	PRIMARY KEY (store_id, message_id),
	FOREIGN KEY (store_id, folder_id) REFERENCES folder
) WITH (fillfactor = 80);

ALTER TABLE message ALTER COLUMN props SET STORAGE MAIN;
CREATE INDEX message_folder ON message (store_id, folder_id);

COMMENT ON TABLE message IS 'One row a message, at its newest version';
COMMENT ON COLUMN message.store_id IS 'The store it stands in';
COMMENT ON COLUMN message.message_id IS 'Its number; kept when it is moved, never given out again';
COMMENT ON COLUMN message.folder_id IS 'Placement: the folder it stands in; a save never writes it';
COMMENT ON COLUMN message.created_at IS 'When it was first saved';
COMMENT ON COLUMN message.message_flags IS 'Placement: MSGFLAG_ bits kept for the message itself (UNSENT, RESEND, READ at creation)';
COMMENT ON COLUMN message.deleted_at IS 'Placement: when it was soft-deleted, or NULL';
COMMENT ON COLUMN message.submitted_at IS 'Placement: when it was submitted for sending, or NULL';
COMMENT ON COLUMN message.recipients IS 'Content: PR_MESSAGE_RECIPIENTS, an array of property objects';
COMMENT ON COLUMN message.attachments IS 'Content: PR_MESSAGE_ATTACHMENTS, an array of property objects';
COMMENT ON COLUMN message.headers IS 'Content: PR_TRANSPORT_MESSAGE_HEADERS';
COMMENT ON COLUMN message.body IS 'Content: PR_BODY';
COMMENT ON COLUMN message.html IS 'Content: PR_HTML';
COMMENT ON COLUMN message.rtf IS 'Content: PR_RTF_COMPRESSED';
COMMENT ON COLUMN message.props IS 'Content: every other property, keyed by canonical name';
COMMENT ON COLUMN message.predecessors IS 'The newest change number of every other node that has changed it, or NULL';
COMMENT ON COLUMN message.change_number IS 'The version: changes with every save, survives dump and restore';
COMMENT ON COLUMN message.modified_at IS 'When it was last saved; never goes back';
COMMENT ON COLUMN message.modifier IS 'Who saved it last: the actor where one was set, else the role';

/* ==================================================================== change
 *
 * Append-only: one row for every change of a message.  Each row holds what
 * its change replaced, so older versions are rebuilt from the newest one by
 * walking back along "previous".
 */

CREATE TABLE change (
	store_id            bigint      NOT NULL,
	message_id          bigint      NOT NULL,
	change_number       bigint      NOT NULL,
	previous            bigint,
	base_change_number  bigint,
	incarnation         bigint      NOT NULL,
	xid                 xid8        NOT NULL,
	changed_at          timestamptz NOT NULL,
	kind                "char"      NOT NULL,
	role                text        NOT NULL,
	actor               text,
	client              text,
	properties          text[]      NOT NULL,
	undo                jsonb       NOT NULL,
	undo_headers        text,
	undo_body           text,
	undo_html           bytea,
	undo_rtf            bytea,
	PRIMARY KEY (store_id, message_id, change_number)
);

COMMENT ON TABLE change IS 'One row a change of a message: who, when, what, and the values it replaced';
COMMENT ON COLUMN change.store_id IS 'The store of the message';
COMMENT ON COLUMN change.message_id IS 'The message';
COMMENT ON COLUMN change.change_number IS 'The version that this change made';
COMMENT ON COLUMN change.previous IS 'The version it replaced; NULL for a creation';
COMMENT ON COLUMN change.base_change_number IS 'The version its client had before it; older than "previous" where it was forced over somebody';
COMMENT ON COLUMN change.incarnation IS 'Which run of the number series: grows with every crash, restore or failover';
COMMENT ON COLUMN change.xid IS 'The top-level transaction';
COMMENT ON COLUMN change.changed_at IS 'When';
COMMENT ON COLUMN change.kind IS 'c create, s save, f force, g merge, m move, d delete, r restore, h hard delete';
COMMENT ON COLUMN change.role IS 'The database role that did it';
COMMENT ON COLUMN change.actor IS 'The application''s user, from msgstore.actor';
COMMENT ON COLUMN change.client IS 'application_name of the session';
COMMENT ON COLUMN change.properties IS 'The properties it set or deleted';
COMMENT ON COLUMN change.undo IS 'A patch that gives back what it replaced; null: the property was absent';
COMMENT ON COLUMN change.undo_headers IS 'The transport headers it replaced';
COMMENT ON COLUMN change.undo_body IS 'The text body it replaced';
COMMENT ON COLUMN change.undo_html IS 'The HTML body it replaced';
COMMENT ON COLUMN change.undo_rtf IS 'The RTF body it replaced';

/* ==================================================================== parked
 *
 * Drafts that survive: the base and the pending edits of a handle, as a row
 * of the role that parked it.
 */

CREATE TABLE parked_draft (
	store_id            bigint      NOT NULL REFERENCES store,
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
	PRIMARY KEY (store_id, parked_id)
);
CREATE INDEX parked_draft_message ON parked_draft (store_id, message_id);

COMMENT ON TABLE parked_draft IS 'One row a draft that park() has stored';
COMMENT ON COLUMN parked_draft.store_id IS 'The store of its message';
COMMENT ON COLUMN parked_draft.parked_id IS 'Its number';
COMMENT ON COLUMN parked_draft.role IS 'The role that parked it, and that alone may resume it';
COMMENT ON COLUMN parked_draft.actor IS 'The application''s user, from msgstore.actor';
COMMENT ON COLUMN parked_draft.client IS 'application_name of the session';
COMMENT ON COLUMN parked_draft.parked_at IS 'When it was parked last';
COMMENT ON COLUMN parked_draft.message_id IS 'The message it edits, or the id a new one is to get';
COMMENT ON COLUMN parked_draft.folder_id IS 'The folder of a new message; NULL otherwise';
COMMENT ON COLUMN parked_draft.base_change_number IS 'The version it stands on; NULL for a new message';
COMMENT ON COLUMN parked_draft.defaults IS 'What a new message starts with; NULL otherwise';
COMMENT ON COLUMN parked_draft.touched IS 'A digit a part: 0 untouched, 1 deleted because another body was set, 2 touched';
COMMENT ON COLUMN parked_draft.props IS 'Pending patch of the property bag; null deletes';
COMMENT ON COLUMN parked_draft.recipients IS 'Pending recipients; NULL deletes where touched';
COMMENT ON COLUMN parked_draft.attachments IS 'Pending attachments; NULL deletes where touched';
COMMENT ON COLUMN parked_draft.headers IS 'Pending transport headers; NULL deletes where touched';
COMMENT ON COLUMN parked_draft.body IS 'Pending text body; NULL deletes where touched';
COMMENT ON COLUMN parked_draft.html IS 'Pending HTML body; NULL deletes where touched';
COMMENT ON COLUMN parked_draft.rtf IS 'Pending RTF body; NULL deletes where touched';

/* ====================================================================== blob
 *
 * Large strings and bytes, in chunks.  References to them stand in the
 * properties as {"blob": id, "size": bytes}; blob_ref says which messages may
 * have one, in any version or draft.
 */

CREATE TABLE blob (
	store_id        bigint      NOT NULL REFERENCES store,
	blob_id         bigint      NOT NULL,
	size            bigint      NOT NULL,
	sealed          boolean     NOT NULL,
	is_text         boolean     NOT NULL,
	uploader_pid    integer     NOT NULL,
	uploader_start  timestamptz NOT NULL,
	created_at      timestamptz NOT NULL,
	PRIMARY KEY (store_id, blob_id)
);

COMMENT ON TABLE blob IS 'One row a value that is kept in chunks';
COMMENT ON COLUMN blob.store_id IS 'The store it stands in';
COMMENT ON COLUMN blob.blob_id IS 'Its number';
COMMENT ON COLUMN blob.size IS 'Bytes; counts once it is sealed';
COMMENT ON COLUMN blob.sealed IS 'Whether a version or a draft refers to it, so that it never changes again';
COMMENT ON COLUMN blob.is_text IS 'Whether it is a string, in UTF-8, and not binary';
COMMENT ON COLUMN blob.uploader_pid IS 'The session that writes it: its process id; 0 once no handle of it needs it';
COMMENT ON COLUMN blob.uploader_start IS 'The session that writes it: when it began';
COMMENT ON COLUMN blob.created_at IS 'When writing began';

CREATE TABLE blob_chunk (
	store_id      bigint  NOT NULL,
	blob_id       bigint  NOT NULL,
	chunk_number  integer NOT NULL,
	bytes         bytea   NOT NULL,
	PRIMARY KEY (store_id, blob_id, chunk_number),
	FOREIGN KEY (store_id, blob_id) REFERENCES blob ON DELETE CASCADE
);
ALTER TABLE blob_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

COMMENT ON TABLE blob_chunk IS 'The bytes of blobs, 256 kB a row';
COMMENT ON COLUMN blob_chunk.store_id IS 'The store of the blob';
COMMENT ON COLUMN blob_chunk.blob_id IS 'The blob';
COMMENT ON COLUMN blob_chunk.chunk_number IS 'Counts from 0';
COMMENT ON COLUMN blob_chunk.bytes IS '256 kB, the last one what is left';

CREATE TABLE blob_ref (
	store_id    bigint NOT NULL,
	blob_id     bigint NOT NULL,
	message_id  bigint NOT NULL,
	draft_of    text,
	PRIMARY KEY (store_id, blob_id, message_id),
	FOREIGN KEY (store_id, blob_id) REFERENCES blob
);

COMMENT ON TABLE blob_ref IS 'Which message may refer to which blob, in any version or draft';
COMMENT ON COLUMN blob_ref.store_id IS 'The store of both';
COMMENT ON COLUMN blob_ref.blob_id IS 'The blob';
COMMENT ON COLUMN blob_ref.message_id IS 'The message';
COMMENT ON COLUMN blob_ref.draft_of IS 'The role whose drafts alone refer to it; NULL where a version does';

CREATE UNLOGGED TABLE blob_hold (
	store_id      bigint      NOT NULL,
	blob_id       bigint      NOT NULL,
	holder_pid    integer     NOT NULL,
	holder_start  timestamptz NOT NULL,
	PRIMARY KEY (store_id, blob_id, holder_pid, holder_start)
);

COMMENT ON TABLE blob_hold IS 'Which session has a handle with bytes that only a draft had; no more than a crash may forget';
COMMENT ON COLUMN blob_hold.store_id IS 'The store of the blob';
COMMENT ON COLUMN blob_hold.blob_id IS 'The blob';
COMMENT ON COLUMN blob_hold.holder_pid IS 'The session: its process id';
COMMENT ON COLUMN blob_hold.holder_start IS 'The session: when it began';

/* ==================================================================== number
 *
 * 15 bits of node, 48 bits of counter; never given out twice.  The marker is
 * an unlogged table because PostgreSQL empties those after a crash, and a
 * dump, a restored backup and a new primary do not have its row either, nor
 * has a copy of the database one of its own: its absence says that numbers
 * handed out before may have been forgotten, or handed out elsewhere.
 */

CREATE SEQUENCE store_id_seq MINVALUE 0 MAXVALUE 281474976710655 START 1;
CREATE SEQUENCE folder_id_seq MINVALUE 0 MAXVALUE 281474976710655 START 1;
CREATE SEQUENCE message_id_seq MINVALUE 0 MAXVALUE 281474976710655 START 1;
CREATE SEQUENCE parked_id_seq MINVALUE 0 MAXVALUE 281474976710655 START 1;
CREATE SEQUENCE blob_id_seq MINVALUE 0 MAXVALUE 281474976710655 START 1;
CREATE SEQUENCE change_number_seq MINVALUE 0 MAXVALUE 281474976710655 START 1;

COMMENT ON SEQUENCE store_id_seq IS 'Counter of store ids';
COMMENT ON SEQUENCE folder_id_seq IS 'Counter of folder ids';
COMMENT ON SEQUENCE message_id_seq IS 'Counter of message ids';
COMMENT ON SEQUENCE parked_id_seq IS 'Counter of parked drafts';
COMMENT ON SEQUENCE blob_id_seq IS 'Counter of blobs';
COMMENT ON SEQUENCE change_number_seq IS 'Counter of change numbers';

CREATE TABLE node (
	node_number  integer PRIMARY KEY CHECK (node_number BETWEEN 0 AND 32767)
);
CREATE UNIQUE INDEX node_single ON node ((true));

COMMENT ON TABLE node IS 'At most one row: the number of this node, 0 where there is none';
COMMENT ON COLUMN node.node_number IS 'The upper 15 bits of every number given out here';

CREATE UNLOGGED TABLE incarnation (
	incarnation  bigint NOT NULL,
	database     oid    NOT NULL
);

COMMENT ON TABLE incarnation IS 'A row of this database, lost with a crash: its absence makes the number series move on';
COMMENT ON COLUMN incarnation.incarnation IS 'The change number at which this run of the series began';
COMMENT ON COLUMN incarnation.database IS 'The database it is for; rows of others came with a copy of them';

/*
 * What pg_dump has to carry.  One SELECT each: several calls in one statement
 * overwrite each other.
 */
SELECT pg_catalog.pg_extension_config_dump('store', '');
SELECT pg_catalog.pg_extension_config_dump('folder', '');
SELECT pg_catalog.pg_extension_config_dump('named_property', '');
SELECT pg_catalog.pg_extension_config_dump('message', '');
SELECT pg_catalog.pg_extension_config_dump('change', '');
SELECT pg_catalog.pg_extension_config_dump('parked_draft', '');
SELECT pg_catalog.pg_extension_config_dump('blob', '');
SELECT pg_catalog.pg_extension_config_dump('blob_chunk', '');
SELECT pg_catalog.pg_extension_config_dump('blob_ref', '');
SELECT pg_catalog.pg_extension_config_dump('node', '');
SELECT pg_catalog.pg_extension_config_dump('store_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('folder_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('message_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('parked_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('blob_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('change_number_seq', '');

/* ------------------------------------------------------- functions: store */

CREATE FUNCTION create_store(name text, owner text DEFAULT NULL)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'create_store'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE EXECUTE ON FUNCTION create_store(text, text) FROM PUBLIC;
COMMENT ON FUNCTION create_store(text, text) IS
'Make a store with its standard folders and return its id; it belongs to owner (a role), the caller where NULL';

CREATE FUNCTION set_node_number(node integer)
	RETURNS void
	AS 'MODULE_PATHNAME', 'set_node_number'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE EXECUTE ON FUNCTION set_node_number(integer) FROM PUBLIC;
COMMENT ON FUNCTION set_node_number(integer) IS
'Set the upper 15 bits of the ids and change numbers given out from now on';

CREATE FUNCTION create_folder(store_id bigint, parent_id bigint, name text)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'create_folder'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION create_folder(bigint, bigint, text) IS
'Make a folder below another one (NULL: below the root) and return its id';

CREATE FUNCTION special_folder(store_id bigint, special text)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'special_folder'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION special_folder(bigint, text) IS
'The id of a standard folder: Root, Inbox, Outbox, Sent Items, Deleted Items, Drafts or Conflicts';

CREATE FUNCTION may_use_store(store_id bigint)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'may_use_store'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION may_use_store(bigint) IS
'Whether the store exists and the current role may use it';

/* ---------------------------------------------------- functions: property */

CREATE FUNCTION property_tag(spelling text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'property_tag'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION property_tag(text) IS
'The tag of a property in hex, as in 0x0037001F; NULL for a named property';

CREATE FUNCTION property_name(spelling text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'property_name'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION property_name(text) IS
'The canonical name of a property, from any spelling of it';

CREATE FUNCTION property_type(spelling text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'property_type'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION property_type(text) IS
'The type of a property (PT_UNICODE), from any spelling of it';

CREATE FUNCTION property_catalogue_(OUT name text, OUT tag text,
									OUT property_id integer, OUT type text,
									OUT spellings text[],
									OUT property_set text, OUT lid bigint,
									OUT string_name text,
									OUT storable boolean, OUT rule text,
									OUT part text, OUT instead text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'property_catalogue'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 2800;
COMMENT ON FUNCTION property_catalogue_() IS 'The rows of view property_catalogue';

CREATE VIEW property_catalogue WITH (security_barrier) AS
	SELECT * FROM property_catalogue_();
COMMENT ON VIEW property_catalogue IS
'The properties that have names: canonical name, tag, type, every spelling, set and LID or string, who may set it, where it is stored';
GRANT SELECT ON property_catalogue TO PUBLIC;

CREATE FUNCTION property_types_(OUT name text, OUT code text,
								OUT aliases text[], OUT storable boolean,
								OUT "json" text, OUT element_type text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'property_types'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 40;
COMMENT ON FUNCTION property_types_() IS 'The rows of view property_types';

CREATE VIEW property_types WITH (security_barrier) AS
	SELECT * FROM property_types_();
COMMENT ON VIEW property_types IS
'The property types: name, code, aliases, and what their values are in JSON';
GRANT SELECT ON property_types TO PUBLIC;

CREATE FUNCTION property_sets_(OUT name text, OUT guid text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'property_sets'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION property_sets_() IS 'The rows of view property_sets';

CREATE VIEW property_sets WITH (security_barrier) AS
	SELECT * FROM property_sets_();
COMMENT ON VIEW property_sets IS
'The property sets that have names; others are spelled by GUID';
GRANT SELECT ON property_sets TO PUBLIC;

CREATE FUNCTION get_ids_from_names(store_id bigint, names text[],
								   "create" boolean DEFAULT true)
	RETURNS integer[]
	AS 'MODULE_PATHNAME', 'get_ids_from_names'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION get_ids_from_names(bigint, text[], boolean) IS
'The ids of named properties in a store, given out (from 0x8000 on) where they have none; with create false NULL instead';

CREATE FUNCTION get_names_from_ids(store_id bigint, ids integer[])
	RETURNS text[]
	AS 'MODULE_PATHNAME', 'get_names_from_ids'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION get_names_from_ids(bigint, integer[]) IS
'The names that a store has given ids to; NULL where it has not';

/* ------------------------------------------------------ functions: handle */

CREATE FUNCTION open_message(store_id bigint, message_id bigint,
							 flags open_flags DEFAULT '0')
	RETURNS integer
	AS 'MODULE_PATHNAME', 'open_message'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION open_message(bigint, bigint, open_flags) IS
'Open a message and return a handle on its newest version; read-only unless MAPI_MODIFY or MAPI_BEST_ACCESS is given';

CREATE FUNCTION create_message(store_id bigint, folder_id bigint,
							   flags open_flags DEFAULT '0')
	RETURNS integer
	AS 'MODULE_PATHNAME', 'create_message'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION create_message(bigint, bigint, open_flags) IS
'A read/write handle on a new message that nobody sees before its first save';

CREATE FUNCTION message_id(handle integer)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'handle_message_id'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION message_id(integer) IS
'The id of the message that a handle stands on';

CREATE FUNCTION get_props(handle integer, tags text[] DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'get_props'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION get_props(integer, text[]) IS
'What a handle shows: its base and its pending edits; all properties where tags is NULL';

CREATE FUNCTION set_props(handle integer, props jsonb)
	RETURNS void
	AS 'MODULE_PATHNAME', 'set_props'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION set_props(integer, jsonb) IS
'Set properties on a handle, all or none; null deletes; stored by save_changes()';

CREATE FUNCTION delete_props(handle integer, tags text[])
	RETURNS void
	AS 'MODULE_PATHNAME', 'delete_props'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION delete_props(integer, text[]) IS
'Delete properties on a handle, all or none; stored by save_changes()';

CREATE FUNCTION refresh(handle integer)
	RETURNS void
	AS 'MODULE_PATHNAME', 'refresh'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION refresh(integer) IS
'Drop a handle''s pending edits and let it stand on the newest committed version';

CREATE FUNCTION close_object(handle integer)
	RETURNS void
	AS 'MODULE_PATHNAME', 'close_object'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION close_object(integer) IS
'Close a handle; its pending edits are gone, nothing is stored';

CREATE FUNCTION open_handles_(OUT handle integer, OUT store_id bigint,
							  OUT message_id bigint, OUT is_new boolean,
							  OUT access_level integer,
							  OUT change_number bigint,
							  OUT has_edits boolean,
							  OUT opened_at timestamptz)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'open_handles'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION open_handles_() IS 'The rows of view open_handles';

CREATE VIEW open_handles WITH (security_barrier) AS
	SELECT * FROM open_handles_();
COMMENT ON VIEW open_handles IS
'This session''s open handles: message, access level, base change number, whether edits are pending';
GRANT SELECT ON open_handles TO PUBLIC;

/* -------------------------------------------------------- functions: save */

CREATE FUNCTION save_changes(handle integer, flags save_flags DEFAULT '0')
	RETURNS hresult
	AS 'MODULE_PATHNAME', 'save_changes'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION save_changes(integer, save_flags) IS
'Store a handle''s pending edits: S_OK, or MAPI_E_OBJECT_CHANGED and nothing stored where somebody else saved since';

CREATE FUNCTION force_save(handle integer)
	RETURNS hresult
	AS 'MODULE_PATHNAME', 'force_save'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION force_save(integer) IS
'save_changes(handle, ''FORCE_SAVE''): store what the handle shows over whatever was saved since';

CREATE FUNCTION save_message(store_id bigint, message_id bigint,
							 change_number bigint, changes jsonb,
							 flags save_flags DEFAULT '0',
							 OUT result hresult, OUT change_number bigint)
	AS 'MODULE_PATHNAME', 'save_message'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION save_message(bigint, bigint, bigint, jsonb, save_flags) IS
'Open at a change number, set and save in one call; gives the new number, or the current one where refused';

CREATE FUNCTION save_new_message(store_id bigint, folder_id bigint,
								 props jsonb, flags save_flags DEFAULT '0',
								 OUT result hresult, OUT message_id bigint,
								 OUT change_number bigint)
	AS 'MODULE_PATHNAME', 'save_new_message'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION save_new_message(bigint, bigint, jsonb, save_flags) IS
'Create a message and save it for the first time in one call';

CREATE FUNCTION read_message(store_id bigint, message_id bigint,
							 tags text[] DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'read_message'
	LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION read_message(bigint, bigint, text[]) IS
'A message''s properties as of the statement''s snapshot, PidTagChangeNumber among them';

/* -------------------------------------------------- functions: subobjects */

CREATE FUNCTION create_attachment(handle integer)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'create_attachment'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION create_attachment(integer) IS
'A handle on a new attachment; saving it folds it into the message''s handle, saving that stores it';

CREATE FUNCTION open_attachment(handle integer, attach_num integer,
								flags open_flags DEFAULT '0')
	RETURNS integer
	AS 'MODULE_PATHNAME', 'open_attachment'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION open_attachment(integer, integer, open_flags) IS
'A handle on an attachment, by its PR_ATTACH_NUM';

CREATE FUNCTION delete_attachment(handle integer, attach_num integer)
	RETURNS void
	AS 'MODULE_PATHNAME', 'delete_attachment'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION delete_attachment(integer, integer) IS
'Delete an attachment, by its PR_ATTACH_NUM; stored by the message''s save';

CREATE FUNCTION open_embedded_message(handle integer,
									  flags embedded_flags DEFAULT '0')
	RETURNS integer
	AS 'MODULE_PATHNAME', 'open_embedded_message'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION open_embedded_message(integer, embedded_flags) IS
'A handle on the message that an attachment embeds; MAPI_CREATE gives it one';

CREATE FUNCTION modify_recipients(handle integer, flags recipient_flags,
								  rows jsonb)
	RETURNS void
	AS 'MODULE_PATHNAME', 'modify_recipients'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION modify_recipients(integer, recipient_flags, jsonb) IS
'Change the recipients on a handle: 0 replaces the list, or add, modify or remove rows by PR_ROWID';

/* ----------------------------------------------------- functions: streams */

CREATE FUNCTION stream_size(handle integer, property text)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'stream_size'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION stream_size(integer, text) IS
'Bytes of a string or binary property on a handle';

CREATE FUNCTION read_stream(handle integer, property text,
							"offset" bigint, length bigint)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'read_stream'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION read_stream(integer, text, bigint, bigint) IS
'A piece of a string (UTF-8) or binary property on a handle';

CREATE FUNCTION write_stream(handle integer, property text,
							 "offset" bigint, bytes bytea)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'write_stream'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION write_stream(integer, text, bigint, bytea) IS
'Write a piece of a string or binary property on a handle and return the size; stored by the message''s save';

CREATE FUNCTION truncate_stream(handle integer, property text, size bigint)
	RETURNS void
	AS 'MODULE_PATHNAME', 'truncate_stream'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION truncate_stream(integer, text, bigint) IS
'Cut a string or binary property on a handle short';

/* --------------------------------------------------- functions: conflict */

CREATE FUNCTION conflict(handle integer, whole boolean DEFAULT false,
						 OUT property text, OUT base jsonb, OUT theirs jsonb,
						 OUT yours jsonb, OUT side text, OUT changed_by text,
						 OUT changed_at timestamptz, OUT client text,
						 OUT change_number bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'conflict_of_handle'
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION conflict(integer, boolean) IS
'What others and the handle changed since its base, property by property: base, theirs, yours, which side, by whom, when; large values shortened unless whole';

CREATE FUNCTION conflict(store_id bigint, message_id bigint,
						 change_number bigint, changes jsonb,
						 whole boolean DEFAULT false,
						 OUT property text, OUT base jsonb, OUT theirs jsonb,
						 OUT yours jsonb, OUT side text, OUT changed_by text,
						 OUT changed_at timestamptz, OUT client text,
						 OUT change_number bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'conflict_of_message'
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION conflict(bigint, bigint, bigint, jsonb, boolean) IS
'The same for who holds a change number and a patch instead of a handle';

/* ---------------------------------------------------- functions: resolve */

CREATE FUNCTION resolve_conflict(handle integer, choice text,
								 folder_id bigint DEFAULT NULL,
								 seen bigint DEFAULT NULL)
	RETURNS hresult
	AS 'MODULE_PATHNAME', 'resolve_conflict_of_handle'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION resolve_conflict(integer, text, bigint, bigint) IS
'Settle a conflict: KEEP_ORIGINAL, OVERWRITE (only what was seen, if given), SAVE_ELSEWHERE (folder NULL: Conflicts) or MERGE';

CREATE FUNCTION resolve_conflict(store_id bigint, message_id bigint,
								 change_number bigint, changes jsonb,
								 choice text, folder_id bigint DEFAULT NULL,
								 seen bigint DEFAULT NULL,
								 OUT result hresult, OUT message_id bigint,
								 OUT change_number bigint)
	AS 'MODULE_PATHNAME', 'resolve_conflict_of_message'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION resolve_conflict(bigint, bigint, bigint, jsonb, text, bigint, bigint) IS
'The same for who holds a change number and a patch instead of a handle';

CREATE FUNCTION save_as(handle integer, folder_id bigint)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'save_as'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION save_as(integer, bigint) IS
'Save what a handle shows as a new message and return its id; original and handle stay as they are';

/* ------------------------------------------------------ functions: place */

CREATE FUNCTION delete_messages(store_id bigint, message_ids bigint[],
								flags delete_flags DEFAULT '0',
								if_change_number bigint DEFAULT NULL)
	RETURNS hresult
	AS 'MODULE_PATHNAME', 'delete_messages'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION delete_messages(bigint, bigint[], delete_flags, bigint) IS
'Delete messages so that they can be restored, or for good with DELETE_HARD_DELETE; one message only if it is still at a number';

CREATE FUNCTION restore_messages(store_id bigint, message_ids bigint[])
	RETURNS hresult
	AS 'MODULE_PATHNAME', 'restore_messages'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION restore_messages(bigint, bigint[]) IS
'Bring back messages that were deleted, but not for good';

CREATE FUNCTION move_messages(store_id bigint, message_ids bigint[],
							  folder_id bigint,
							  if_change_number bigint DEFAULT NULL)
	RETURNS hresult
	AS 'MODULE_PATHNAME', 'move_messages'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION move_messages(bigint, bigint[], bigint, bigint) IS
'Move messages to another folder of the store; their ids stay';

/* ------------------------------------------------------- functions: park */

CREATE FUNCTION park(handle integer)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'park'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION park(integer) IS
'Store a handle''s base and pending edits as a draft and return its number';

CREATE FUNCTION resume(store_id bigint, parked_id bigint)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'resume'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION resume(bigint, bigint) IS
'A handle with the base and the edits of a parked draft, which stays until that handle saves';

CREATE FUNCTION discard_parked(store_id bigint, parked_id bigint)
	RETURNS void
	AS 'MODULE_PATHNAME', 'discard_parked'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION discard_parked(bigint, bigint) IS
'Throw a parked draft away';

CREATE VIEW parked WITH (security_barrier) AS
	SELECT p.store_id, p.parked_id, p.message_id,
		   p.base_change_number AS change_number,
		   p.base_change_number IS NULL AS is_new,
		   p.props->>'PR_SUBJECT' AS subject,
		   ARRAY(SELECT k FROM jsonb_object_keys(p.props) k
				 WHERE k NOT IN ('PR_TRANSPORT_MESSAGE_HEADERS', 'PR_BODY',
								 'PR_HTML', 'PR_RTF_COMPRESSED'))
		   || CASE WHEN substr(p.touched, 2, 1) = '2' THEN ARRAY['PR_MESSAGE_RECIPIENTS'] END
		   || CASE WHEN substr(p.touched, 3, 1) = '2' THEN ARRAY['PR_MESSAGE_ATTACHMENTS'] END
		   || CASE WHEN substr(p.touched, 4, 1) = '2' THEN ARRAY['PR_TRANSPORT_MESSAGE_HEADERS'] END
		   || CASE WHEN substr(p.touched, 5, 1) = '2' THEN ARRAY['PR_BODY'] END
		   || CASE WHEN substr(p.touched, 6, 1) = '2' THEN ARRAY['PR_HTML'] END
		   || CASE WHEN substr(p.touched, 7, 1) = '2' THEN ARRAY['PR_RTF_COMPRESSED'] END
		   AS properties,
		   p.actor, p.client, p.parked_at
	FROM parked_draft p
	WHERE p.role = CURRENT_USER AND may_use_store(p.store_id);
COMMENT ON VIEW parked IS 'The drafts that the current role has parked';
GRANT SELECT ON parked TO PUBLIC;

/* ---------------------------------------------------- functions: history */

CREATE FUNCTION message_at(store_id bigint, message_id bigint,
						   change_number bigint)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'message_at'
	LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION message_at(bigint, bigint, bigint) IS
'A message as read_message() showed it at that version, deleted or not';

CREATE FUNCTION restore_version(store_id bigint, message_id bigint,
								version bigint, change_number bigint,
								OUT result hresult, OUT change_number bigint)
	AS 'MODULE_PATHNAME', 'restore_version'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION restore_version(bigint, bigint, bigint, bigint) IS
'Save what an older version held over change_number, refused like any other save';

CREATE FUNCTION set_retention(store_id bigint, keep_age interval,
							  keep_count integer)
	RETURNS void
	AS 'MODULE_PATHNAME', 'set_retention'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION set_retention(bigint, interval, integer) IS
'How much history prune_history() leaves in a store; both NULL: all of it';

CREATE FUNCTION prune_batch(store_id bigint, after bigint, messages integer,
							OUT last bigint, OUT pruned bigint)
	AS 'MODULE_PATHNAME', 'prune_batch'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION prune_batch(bigint, bigint, integer) IS
'One step of prune_history()';

CREATE PROCEDURE prune_history(store_id bigint, messages integer DEFAULT 1000,
							   INOUT pruned bigint DEFAULT 0)
	LANGUAGE plpgsql
	AS $$
	DECLARE
		step record;
		at bigint := 0;
	BEGIN
		pruned := 0;
		LOOP
			SELECT b.last, b.pruned INTO step
			FROM msgstore.prune_batch($1, at, $2) b;
			EXIT WHEN step.last IS NULL;
			pruned := pruned OPERATOR(pg_catalog.+) step.pruned;
			at := step.last;
			COMMIT;
		END LOOP;
	END
	$$;
COMMENT ON PROCEDURE prune_history(bigint, integer, bigint) IS
'Delete the oldest changes that a store''s retention does not protect, committing after every so many messages';

/* ------------------------------------------------------ functions: blobs */

CREATE FUNCTION blobs_used(store_id bigint, message_id bigint)
	RETURNS SETOF bigint
	LANGUAGE sql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT DISTINCT b.blob_id::bigint
		FROM (SELECT m.attachments, m.props FROM msgstore.message m
			  WHERE m.store_id = $1 AND m.message_id = $2
			  UNION ALL
			  SELECT NULL, c.undo FROM msgstore.change c
			  WHERE c.store_id = $1 AND c.message_id = $2
			  UNION ALL
			  SELECT p.attachments, p.props FROM msgstore.parked_draft p
			  WHERE p.store_id = $1 AND p.message_id = $2) l,
			 LATERAL (SELECT jsonb_path_query(l.attachments, '$.**.blob')
					  UNION ALL
					  SELECT jsonb_path_query(l.props, '$.**.blob')) b(blob_id)
	$$;
REVOKE EXECUTE ON FUNCTION blobs_used(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION blobs_used(bigint, bigint) IS
'The blobs that any version or draft of a message refers to; for the sweeper';

CREATE FUNCTION sweep_batch(store_id bigint, OUT swept_references bigint,
							OUT swept_blobs bigint)
	AS 'MODULE_PATHNAME', 'sweep_batch'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sweep_batch(bigint) IS 'One step of sweep_blobs()';

CREATE PROCEDURE sweep_blobs(store_id bigint, INOUT swept bigint DEFAULT 0)
	LANGUAGE plpgsql
	AS $$
	DECLARE
		step record;
	BEGIN
		swept := 0;
		LOOP
			SELECT b.swept_references, b.swept_blobs INTO step
			FROM msgstore.sweep_batch($1) b;
			swept := swept OPERATOR(pg_catalog.+) step.swept_blobs;
			COMMIT;
			EXIT WHEN step.swept_references OPERATOR(pg_catalog.=) 0
				AND step.swept_blobs OPERATOR(pg_catalog.=) 0;
		END LOOP;
	END
	$$;
COMMENT ON PROCEDURE sweep_blobs(bigint, bigint) IS
'Delete the blobs of a store that no version, no draft and no upload in progress needs, committing after every batch';

/* ----------------------------------------------------------- views: lists */

CREATE FUNCTION message_size(recipients jsonb, attachments jsonb,
							 headers text, body text, html bytea, rtf bytea,
							 props jsonb)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'message_size'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION message_size(jsonb, jsonb, text, text, bytea, bytea, jsonb) IS
'Bytes of a message''s content (PR_MESSAGE_SIZE); bodies are not fetched for it';

CREATE FUNCTION systime(value text)
	RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'systime'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION systime(text) IS
'A stored PT_SYSTIME as timestamptz, cut to microseconds';

CREATE VIEW store_list WITH (security_barrier) AS
	SELECT s.store_id, s.name, s.owner, s.created_at, s.keep_age, s.keep_count
	FROM store s
	WHERE may_use_store(s.store_id);
COMMENT ON VIEW store_list IS 'The stores that the current role may use';
GRANT SELECT ON store_list TO PUBLIC;

CREATE VIEW folder_list WITH (security_barrier) AS
	SELECT f.store_id, f.folder_id, f.parent_id, f.name, f.special,
		   f.created_at
	FROM folder f
	WHERE may_use_store(f.store_id);
COMMENT ON VIEW folder_list IS 'The folders of the stores that the current role may use';
GRANT SELECT ON folder_list TO PUBLIC;

CREATE VIEW message_list WITH (security_barrier) AS
	SELECT m.store_id, m.folder_id, m.message_id,
		   m.props->>'PR_SUBJECT' AS subject,
		   m.props->>'PR_SENDER_NAME' AS sender_name,
		   m.props->>'PR_SENDER_EMAIL_ADDRESS' AS sender_email_address,
		   m.props->>'PR_MESSAGE_CLASS' AS message_class,
		   (m.props->>'PR_IMPORTANCE')::integer AS importance,
		   systime(m.props->>'PR_CLIENT_SUBMIT_TIME') AS client_submit_time,
		   systime(m.props->>'PR_MESSAGE_DELIVERY_TIME') AS message_delivery_time,
		   message_size(m.recipients, m.attachments, m.headers, m.body,
						m.html, m.rtf, m.props) AS message_size,
		   m.created_at, m.modified_at, m.modifier, m.change_number
	FROM message m
	WHERE m.deleted_at IS NULL AND may_use_store(m.store_id);
COMMENT ON VIEW message_list IS
'The messages (saved and not deleted) of the stores that the current role may use';
GRANT SELECT ON message_list TO PUBLIC;

CREATE VIEW change_list WITH (security_barrier) AS
	SELECT c.store_id, c.message_id, c.change_number, c.previous,
		   c.base_change_number,
		   CASE c.kind WHEN 'c' THEN 'create' WHEN 's' THEN 'save'
			   WHEN 'f' THEN 'force' WHEN 'g' THEN 'merge'
			   WHEN 'm' THEN 'move' WHEN 'd' THEN 'delete'
			   WHEN 'r' THEN 'restore' WHEN 'h' THEN 'hard delete'
		   END AS kind,
		   coalesce(c.actor, c.role) AS changed_by, c.role, c.actor,
		   c.client, c.changed_at, c.properties
	FROM change c
	WHERE may_use_store(c.store_id);
COMMENT ON VIEW change_list IS
'Who changed what and when, for the stores that the current role may use';
GRANT SELECT ON change_list TO PUBLIC;

CREATE FUNCTION history(store_id bigint, message_id bigint,
						OUT change_number bigint, OUT kind text,
						OUT changed_by text, OUT role text, OUT actor text,
						OUT client text, OUT changed_at timestamptz,
						OUT properties text[], OUT previous bigint,
						OUT base_change_number bigint)
	RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT c.change_number, c.kind, c.changed_by, c.role, c.actor,
			   c.client, c.changed_at, c.properties, c.previous,
			   c.base_change_number
		FROM msgstore.change_list c
		WHERE c.store_id OPERATOR(pg_catalog.=) $1
		  AND c.message_id OPERATOR(pg_catalog.=) $2
		ORDER BY c.changed_at, c.change_number
	$$;
COMMENT ON FUNCTION history(bigint, bigint) IS
'Every change of a message, oldest first: number, kind, who, when, with which client, what';

CREATE FUNCTION merge_report(store_id bigint, message_id bigint,
							 change_number bigint,
							 OUT property text, OUT side text,
							 OUT changed_by text, OUT changed_at timestamptz,
							 OUT client text, OUT change_number bigint)
	RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
	SET search_path = pg_catalog, pg_temp
	AS $$
		WITH merged AS (
			SELECT * FROM msgstore.change_list c
			WHERE c.store_id = $1 AND c.message_id = $2
			AND c.change_number = $3 AND c.kind = 'merge'
		), since AS (
			SELECT c.*, c.change_number = $3 AS yours
			FROM merged m JOIN msgstore.change_list c
				ON c.store_id = m.store_id AND c.message_id = m.message_id
			WHERE c.changed_at <= m.changed_at
			AND c.changed_at > coalesce((
				SELECT b.changed_at FROM msgstore.change_list b
				WHERE b.store_id = m.store_id AND b.message_id = m.message_id
				AND b.change_number = m.base_change_number), '-infinity')
		)
		SELECT DISTINCT ON (s.yours, p.property)
			p.property, CASE WHEN s.yours THEN 'yours' ELSE 'theirs' END,
			s.changed_by, s.changed_at, s.client, s.change_number
		FROM since s, unnest(s.properties) AS p (property)
		ORDER BY s.yours, p.property, s.changed_at DESC
	$$;
COMMENT ON FUNCTION merge_report(bigint, bigint, bigint) IS
'What a merge put together: the properties that came from others since its base, each with its last author, and those that came from the merging client';

GRANT USAGE ON SCHEMA msgstore TO PUBLIC;
