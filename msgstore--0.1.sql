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
