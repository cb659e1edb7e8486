/*-------------------------------------------------------------------------
 *
 * batch.h
 *	  Contracts between import.c, which reads mail, batch.c, which saves mail,
 *	  and params.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BATCH_H
#define BATCH_H

#include "libmsgstore.h"
#include "mail.h"

/* A mail that is being saved. */
typedef struct Mail
{
	char	   *where;			/* "file:number" */
	Tally	   *tally;
	size_t		bytes;			/* of all values */
	char	   *refused;		/* the server's reason, or NULL */

	char	   *props;			/* JSON, without the next four */
	json_t	   *headers;		/* a string, or NULL */
	json_t	   *body;			/* a string, or NULL */
	GByteArray *html;			/* or NULL */
	GByteArray *attachments;	/* an array in binary form, or NULL */
	GByteArray *original;		/* the mail as it came; NULL: not stored */
	json_t	   *large;			/* or all properties, saved in pieces */
} Mail;

/*
 * Return a mail, which then owns all arguments but "aside": the bytes to which
 * the properties refer (RawMessage).  Without "aside", the mail is saved in
 * pieces.
 */
extern Mail *mail_new(char *where, Tally *tally, json_t *props,
					  GPtrArray *aside, GByteArray *original);
extern void mail_free(Mail *mail);

typedef struct Saver Saver;

typedef struct SaverOptions
{
	int64_t		store_id;
	int64_t		folder_id;
	unsigned	batch;			/* mails per transaction */

	/* called for a batch of Mail that was committed */
	void		(*saved) (const GPtrArray *mails, void *arg);
	void	   *arg;
	const unsigned *imported;	/* mails that were saved, for an error */
	bool		terminal;		/* stderr has a line of progress */
} SaverOptions;

/* ---------------------------------------------------------------- params.c */

#define N_PARAMS		8

/* The parameters of a mail, which point to the mail. */
typedef struct Params
{
	const char *values[N_PARAMS];
	int			lengths[N_PARAMS];
	char		numbers[2][24];
} Params;

extern const Oid params_types[N_PARAMS];
extern const int params_formats[N_PARAMS];

/* Make the parameters of import_message() for a mail. */
extern void params_fill(Params *params, const SaverOptions *options,
						const Mail *mail);

/* ----------------------------------------------------------------- batch.c */

/* Return a saver, which uses the connection alone until it is freed. */
extern Saver *saver_new(msgstore *ms, const SaverOptions *options);

/*
 * Save a mail, which the saver then owns.  The mail may be committed later.
 * Returns false if an error, which was printed, ended the saving.
 */
extern bool saver_add(Saver *saver, Mail *mail);

/* Commit all mails.  Returns false as saver_add(). */
extern bool saver_finish(Saver *saver);

/* Free a saver; mails that were not committed are lost. */
extern void saver_free(Saver *saver);

#endif							/* BATCH_H */
