/*-------------------------------------------------------------------------
 *
 * escape.c
 *	  Texts escaped for JSON strings: 16 bytes at a time, with nothing but the
 *	  C library.
 *
 * NOTES
 *	  Most bytes of a text are written as they are.  So 16 bytes are written at
 *	  once, and then as many of them are accepted as stand before the first
 *	  byte that needs an escape.
 *
 *	  copy_plain() does this step, in three ways: with SSE2, which every x86-64
 *	  processor has, with NEON, which every 64-bit ARM processor has, and in
 *	  plain C, which ESCAPE_PLAIN chooses on any processor.
 *
 *-------------------------------------------------------------------------
 */
#include "escape.h"

#include <string.h>

#define CHUNK		16

/* --------------------------------------------------------------- one step */

/*
 * copy_plain(text, out): copy 16 bytes, and return how many of them stand
 * before the first one that needs an escape, 16 if all of them do.
 */
#if !defined(ESCAPE_PLAIN) && defined(__SSE2__)

#include <emmintrin.h>

static inline int
copy_plain(const char *text, char *out)
{
	const		__m128i control = _mm_set1_epi8(0x1F);
	__m128i		bytes = _mm_loadu_si128((const __m128i *) text);
	__m128i		special;
	unsigned int mask;

	special = _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes);
	special = _mm_or_si128(special,
						   _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
	special = _mm_or_si128(special,
						   _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
	_mm_storeu_si128((__m128i *) out, bytes);
	mask = (unsigned int) _mm_movemask_epi8(special);
	return mask == 0 ? CHUNK : __builtin_ctz(mask);
}

#elif !defined(ESCAPE_PLAIN) && defined(__aarch64__) && defined(__ARM_NEON)

#include <arm_neon.h>

static inline int
copy_plain(const char *text, char *out)
{
	uint8x16_t	bytes = vld1q_u8((const uint8_t *) text);
	uint8x16_t	special = vcltq_u8(bytes, vdupq_n_u8(0x20));
	uint64_t	mask;

	special = vorrq_u8(special, vceqq_u8(bytes, vdupq_n_u8('"')));
	special = vorrq_u8(special, vceqq_u8(bytes, vdupq_n_u8('\\')));
	vst1q_u8((uint8_t *) out, bytes);
	/* four bits per byte, in the order of the bytes */
	mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(special),
														 4)), 0);
	return mask == 0 ? CHUNK : __builtin_ctzll(mask) / 4;
}

#else

#define EACH_BYTE(b)	(UINT64_C(0x0101010101010101) * (b))

/* Return zero if no byte of a word is zero. */
static inline uint64_t
zero_bytes(uint64_t word)
{
	return (word - EACH_BYTE(0x01)) & ~word & EACH_BYTE(0x80);
}

/* Return zero if no byte of a word needs an escape. */
static inline uint64_t
special_bytes(uint64_t word)
{
	return ((word - EACH_BYTE(0x20)) & ~word & EACH_BYTE(0x80)) |
		zero_bytes(word ^ EACH_BYTE('"')) | zero_bytes(word ^ EACH_BYTE('\\'));
}

static inline int
copy_plain(const char *text, char *out)
{
	uint64_t	words[2];
	int			n = 0;

	memcpy(words, text, CHUNK);
	memcpy(out, words, CHUNK);
	if ((special_bytes(words[0]) | special_bytes(words[1])) == 0)
		return CHUNK;
	while ((unsigned char) text[n] >= 0x20 && text[n] != '"' &&
		   text[n] != '\\')
		n++;
	return n;
}

#endif

/* --------------------------------------------------------------- all steps */

/* Write one byte that needs an escape; return the place behind the escape. */
static char *
escape_byte(unsigned char byte, char *out)
{
	static const char digits[] = "0123456789abcdef";
	static const char letters[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'
	};
	char		letter = byte < 0x20 ? letters[byte] : (char) byte;

	*out++ = '\\';
	if (letter != '\0')
	{
		*out++ = letter;
		return out;
	}
	*out++ = 'u';
	*out++ = '0';
	*out++ = '0';
	*out++ = digits[byte >> 4];
	*out++ = digits[byte & 0xF];
	return out;
}

/*
 * Copy 1 to 15 bytes to the beginning of a chunk of blanks, as two pieces that
 * may overlap.
 */
static inline void
fill_chunk(char *chunk, const char *text, size_t len)
{
	memset(chunk, ' ', CHUNK);
	if (len >= 8)
	{
		memcpy(chunk, text, 8);
		memcpy(chunk + len - 8, text + len - 8, 8);
	}
	else if (len >= 4)
	{
		memcpy(chunk, text, 4);
		memcpy(chunk + len - 4, text + len - 4, 4);
	}
	else if (len >= 2)
	{
		memcpy(chunk, text, 2);
		memcpy(chunk + len - 2, text + len - 2, 2);
	}
	else
		chunk[0] = text[0];
}

size_t
escape_text(const char *text, size_t len, char *out)
{
	const char *end = text + len;
	char	   *start = out;

	while (end - text >= CHUNK)
	{
		int			plain = copy_plain(text, out);

		text += plain;
		out += plain;
		if (plain < CHUNK)
			out = escape_byte((unsigned char) *text++, out);
	}
	while (text < end)
	{
		char		chunk[CHUNK];
		int			left = (int) (end - text);
		int			plain;

		fill_chunk(chunk, text, (size_t) left);
		plain = copy_plain(chunk, out);
		if (plain >= left)
			return (size_t) (out + left - start);
		text += plain;
		out += plain;
		out = escape_byte((unsigned char) *text++, out);
	}
	return (size_t) (out - start);
}
