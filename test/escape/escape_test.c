/*-------------------------------------------------------------------------
 *
 * escape_test.c
 *	  Compares escape_text() with the rule of JSON, byte by byte.
 *
 * NOTES
 *	  test/t/057_read_json.pl builds this program once for each way in which
 *	  escape.c looks at 16 bytes.  Every text ends at a page that cannot be
 *	  read, so that reading beyond the end of a text ends the program.
 *
 *	  Prints the number of texts compared.
 *
 *-------------------------------------------------------------------------
 */
#include "escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LONGEST		5000
#define MARK		0x5A

static char *text_end;			/* the page behind it cannot be read */
static char out[ESCAPE_ROOM(LONGEST) + 1];
static char expected[6 * LONGEST + 1];
static long compared = 0;

/* Write what JSON asks for; return the length. */
static size_t
escape_bytes(const char *text, size_t len)
{
	size_t		n = 0;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];
		static const char short_forms[] = "\bb\ff\nn\rr\tt\"\"\\\\";
		const char *form = NULL;

		for (const char *at = short_forms; c != '\0' && *at != '\0'; at += 2)
		{
			if ((unsigned char) *at == c)
				form = at + 1;
		}
		if (form != NULL)
			n += (size_t) sprintf(expected + n, "\\%c", *form);
		else if (c < 0x20)
			n += (size_t) sprintf(expected + n, "\\u%04x", c);
		else
			expected[n++] = (char) c;
	}
	return n;
}

/* Compare the two for the text of so many bytes before text_end. */
static void
compare(size_t len)
{
	const char *text = text_end - len;
	size_t		n = escape_bytes(text, len);
	size_t		written;

	out[ESCAPE_ROOM(len)] = MARK;
	written = escape_text(text, len, out);
	if (written != n || memcmp(out, expected, n) != 0)
	{
		printf("not equal: a text of %zu bytes\n", len);
		exit(1);
	}
	if (out[ESCAPE_ROOM(len)] != MARK)
	{
		printf("written beyond the room: a text of %zu bytes\n", len);
		exit(1);
	}
	compared++;
}

/* Every byte at every place of short texts. */
static void
compare_places(void)
{
	for (size_t len = 0; len <= 50; len++)
	{
		memset(text_end - len, 'x', len);
		compare(len);
		for (size_t at = 1; at <= len; at++)
		{
			for (int c = 0; c < 256; c++)
			{
				text_end[-(long) at] = (char) c;
				compare(len);
			}
			text_end[-(long) at] = 'x';
		}
	}
}

/* Texts of any bytes, of which many or few need an escape. */
static void
compare_random(unsigned int seed)
{
	static const char special[] = {'"', '\\', '\n', '\r', '\t', 0, 0x1F, 0x20};

	srand(seed);
	for (int i = 0; i < 20000; i++)
	{
		size_t		len = (size_t) rand() % (i % 20 == 0 ? LONGEST : 100);
		int			density = 1 << rand() % 8;

		for (size_t j = 1; j <= len; j++)
			text_end[-(long) j] = rand() % density == 0 ?
				special[rand() % (int) sizeof(special)] :
				(char) (rand() % 256);
		compare(len);
	}
}

int
main(int argc, char **argv)
{
	size_t		page = (size_t) sysconf(_SC_PAGESIZE);
	size_t		size = (LONGEST + page - 1) / page * page;
	char	   *memory = mmap(NULL, size + page, PROT_READ | PROT_WRITE,
							  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED ||
		mprotect(memory + size, page, PROT_NONE) != 0)
	{
		perror("mmap");
		return 1;
	}
	text_end = memory + size;
	compare_places();
	compare_random(argc > 1 ? (unsigned int) atoi(argv[1]) : 1);
	printf("%ld\n", compared);
	return 0;
}
