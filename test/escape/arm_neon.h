/*-------------------------------------------------------------------------
 *
 * arm_neon.h
 *	  The NEON functions that src/words/escape.c uses, in plain C, so that the
 *	  code for ARM can be tested on any processor.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ARM_NEON_H
#define ARM_NEON_H

#include <stdint.h>
#include <string.h>

typedef struct {uint8_t at[16];} uint8x16_t;
typedef struct {uint16_t at[8];} uint16x8_t;
typedef struct {uint8_t at[8];} uint8x8_t;
typedef struct {uint64_t at[1];} uint64x1_t;

static inline uint8x16_t
vld1q_u8(const uint8_t *from)
{
	uint8x16_t	v;

	memcpy(v.at, from, 16);
	return v;
}

static inline void
vst1q_u8(uint8_t *to, uint8x16_t v)
{
	memcpy(to, v.at, 16);
}

static inline uint8x16_t
vdupq_n_u8(uint8_t byte)
{
	uint8x16_t	v;

	memset(v.at, byte, 16);
	return v;
}

static inline uint8x16_t
vcltq_u8(uint8x16_t a, uint8x16_t b)
{
	for (int i = 0; i < 16; i++)
		a.at[i] = a.at[i] < b.at[i] ? 0xFF : 0;
	return a;
}

static inline uint8x16_t
vceqq_u8(uint8x16_t a, uint8x16_t b)
{
	for (int i = 0; i < 16; i++)
		a.at[i] = a.at[i] == b.at[i] ? 0xFF : 0;
	return a;
}

static inline uint8x16_t
vorrq_u8(uint8x16_t a, uint8x16_t b)
{
	for (int i = 0; i < 16; i++)
		a.at[i] |= b.at[i];
	return a;
}

/* the bytes of a vector, in the order of a little-endian processor */
static inline uint16x8_t
vreinterpretq_u16_u8(uint8x16_t a)
{
	uint16x8_t	v;

	for (int i = 0; i < 8; i++)
		v.at[i] = (uint16_t) (a.at[2 * i] | a.at[2 * i + 1] << 8);
	return v;
}

static inline uint8x8_t
vshrn_n_u16(uint16x8_t a, int bits)
{
	uint8x8_t	v;

	for (int i = 0; i < 8; i++)
		v.at[i] = (uint8_t) (a.at[i] >> bits);
	return v;
}

static inline uint64x1_t
vreinterpret_u64_u8(uint8x8_t a)
{
	uint64x1_t	v = {{0}};

	for (int i = 0; i < 8; i++)
		v.at[0] |= (uint64_t) a.at[i] << 8 * i;
	return v;
}

static inline uint64_t
vget_lane_u64(uint64x1_t a, int lane)
{
	return a.at[lane];
}

#endif							/* ARM_NEON_H */
