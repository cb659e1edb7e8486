// msgstore from C++, with libmsgstore.  Usage: cpp_libmsgstore STORE
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <libmsgstore.h>

// A text that the library has returned.
using Text = std::unique_ptr<char, decltype(&std::free)>;

static std::shared_ptr<msgstore> ms;

// Raise the library's last error if a call has failed.
static void check(bool done)
{
	if (!done)
		throw std::runtime_error(msgstore_last_error(ms.get())->message);
}

static std::string name(int32_t result)
{
	return msgstore_result_name(result);
}

// Return the JSON text of one property.  A program would read the whole object with
// its JSON library.
static std::string member(int64_t store, int64_t message, const char *property)
{
	const char *properties[] = {property, nullptr};
	Text		text(msgstore_read_message(ms.get(), store, message, properties),
					 std::free);

	check(text != nullptr);
	std::string json = text.get();
	size_t		colon = json.find(": ");

	return json.substr(colon + 2, json.rfind('}') - colon - 2);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 1;
	ms.reset(msgstore_connect_uri(""), msgstore_disconnect);
	try
	{
		int64_t		store, root, inbox;
		int32_t		result;
		msgstore_save save = {};
		msgstore_saved saved;

		check(msgstore_connected(ms.get()));
		check(msgstore_create_store(ms.get(), argv[1], &store));
		check(msgstore_special_folder(ms.get(), store, "Inbox", &inbox,
									  &root));
		save.store_id = store;
		save.folder_id = inbox;
		save.changes = "{\"PR_SUBJECT\": \"Printer on fire\","
			" \"PR_BODY\": \"It smokes.\"}";
		check(msgstore_save_new_message(ms.get(), &save, &saved));
		std::cout << "created: " << name(saved.result) << "\n";
		int64_t		message = saved.message_id;

		// Ann saves.  Bob, who read the message before, loses nothing.
		save.message_id = message;
		save.change_number = saved.change_number;
		save.changes = "{\"PR_SUBJECT\": \"Printer on fire (2nd floor)\"}";
		save.actor = "ann";
		check(msgstore_save_message(ms.get(), &save, &saved));
		std::cout << "ann: " << name(saved.result) << "\n";
		save.changes = "{\"PR_IMPORTANCE\": 2}";
		save.actor = "bob";
		check(msgstore_save_message(ms.get(), &save, &saved));
		std::cout << "bob: " << name(saved.result) << "\n";

		// The report: both changes, compared with the version that Bob read.
		std::shared_ptr<msgstore_conflict_report> report(
			msgstore_message_conflict(ms.get(), &save, false),
			msgstore_free_conflict);
		check(report != nullptr);
		for (int i = 0; i < report->count; i++)
		{
			const msgstore_difference &row = report->differences[i];

			std::cout << "conflict: " << row.property << " " << row.theirs << " "
				<< row.side << " " << (row.changed_by ? row.changed_by : "-") << "\n";
		}

		// No property was changed by both, so Bob's edits are merged.
		check(msgstore_resolve_message_conflict(ms.get(), &save, MSGSTORE_MERGE, 0, 0,
												&saved));
		std::cout << "merged: " << name(saved.result) << "\n";

		// Append to the body: read, edit, save, and again on a conflict.
		do
		{
			save.change_number = std::stoll(member(store, message, "PidTagChangeNumber"));
			std::string body = member(store, message, "PR_BODY");

			body.insert(body.size() - 1, " Fire brigade called.");
			body = "{\"PR_BODY\": " + body + "}";
			save.changes = body.c_str();
			check(msgstore_save_message(ms.get(), &save, &saved));
		} while (saved.result == MSGSTORE_E_OBJECT_CHANGED);
		std::cout << "appended: " << name(saved.result) << "\n";

		// An attachment, in pieces.  A handle belongs to the connection.
		int32_t		handle, attachment;
		int64_t		size = 0;
		std::vector<char> bytes(100000, 'x');

		check(msgstore_open_message(ms.get(), store, message, MSGSTORE_MODIFY,
									&handle));
		check(msgstore_create_attachment(ms.get(), handle, &attachment));
		check(msgstore_set_props(ms.get(), attachment,
			"{\"PR_ATTACH_LONG_FILENAME\": \"photo.jpg\", \"PR_ATTACH_METHOD\": 1}"));
		for (int piece = 0; piece < 3; piece++)
			check(msgstore_write_stream(ms.get(), attachment, "PR_ATTACH_DATA_BIN",
										piece * bytes.size(), bytes.data(),
										bytes.size()));
		check(msgstore_save_changes(ms.get(), attachment, 0, &result));
		check(msgstore_save_changes(ms.get(), handle, 0, &result));
		std::cout << "attached: " << name(result) << "\n";
		check(msgstore_stream_size(ms.get(), attachment, "PR_ATTACH_DATA_BIN", &size));
		std::cout << "bytes: " << size << "\n";
		check(msgstore_close_object(ms.get(), handle));

		// Errors have a SQLSTATE of class MA.
		Text		gone(msgstore_read_message(ms.get(), store, 999999, nullptr),
						 std::free);
		std::cout << "error: " << msgstore_last_error(ms.get())->sqlstate << "\n";
		return 0;
	}
	catch (const std::exception &error)
	{
		std::cerr << error.what() << "\n";
		return 1;
	}
}
