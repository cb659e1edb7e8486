// msgstore from .NET, with Npgsql.  Written from the documentation of Npgsql; no test
// runs this program.  Usage: dotnet run STORE
using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;

await using var ms = new NpgsqlConnection(
    Environment.GetEnvironmentVariable("MSGSTORE_CONNECTION"));
await ms.OpenAsync();

// hresult is a type that Npgsql does not know: read it as text.
async Task<object[]> Row(string sql, params (object Value, NpgsqlDbType Type)[] values)
{
    await using var call = new NpgsqlCommand(sql, ms);
    foreach (var (value, type) in values)
        call.Parameters.Add(new NpgsqlParameter { Value = value, NpgsqlDbType = type });
    await using var reader = await call.ExecuteReaderAsync();
    await reader.ReadAsync();
    var row = new object[reader.FieldCount];
    reader.GetValues(row);
    return row;
}

(object, NpgsqlDbType) Id(object id) => (id, NpgsqlDbType.Bigint);
(object, NpgsqlDbType) Text(string text) => (text, NpgsqlDbType.Text);
(object, NpgsqlDbType) Json(JsonObject json) =>
    (json.ToJsonString(), NpgsqlDbType.Jsonb);

var store = (await Row("SELECT msgstore.create_store($1)", Text(args[0])))[0];
var created = await Row(
    """
    SELECT result::text, message_id, change_number
    FROM msgstore.save_new_message($1, msgstore.special_folder($1, 'Inbox'), $2)
    """,
    Id(store), Json(new() { ["PR_SUBJECT"] = "Printer on fire",
                            ["PR_BODY"] = "It smokes." }));
var (message, n) = (created[1], created[2]);
Console.WriteLine($"created: {created[0]}");

async Task<string> Save(object number, JsonObject changes, string actor) =>
    (string)(await Row(
        """
        SELECT result::text
        FROM msgstore.save_message($1, $2, $3, $4, actor => $5)
        """,
        Id(store), Id(message), Id(number), Json(changes), Text(actor)))[0];

// Ann saves.  Bob, who read the message before, is refused, and loses nothing.
Console.WriteLine("ann: " + await Save(n,
    new() { ["PR_SUBJECT"] = "Printer on fire (2nd floor)" }, "ann"));
JsonObject edits = new() { ["PR_IMPORTANCE"] = 2 };
Console.WriteLine("bob: " + await Save(n, edits, "bob"));

// No property was changed by both, so Bob's edits are merged into Ann's version.
Console.WriteLine("merged: " + (await Row(
    """
    SELECT result::text
    FROM msgstore.resolve_conflict($1, $2, $3, $4, 'MERGE', actor => 'bob')
    """,
    Id(store), Id(message), Id(n), Json(edits)))[0]);

// An edit that depends on the present text: read, edit, save, and again on a conflict.
string answer;
do
{
    var text = (string)(await Row("SELECT msgstore.read_message($1, $2)",
        Id(store), Id(message)))[0];
    var props = JsonNode.Parse(text)!.AsObject();
    answer = await Save((long)props["PidTagChangeNumber"]!,
        new() { ["PR_BODY"] = (string)props["PR_BODY"]! + " Fire brigade called." },
        "bob");
} while (answer == "MAPI_E_OBJECT_CHANGED");
Console.WriteLine($"appended: {answer}");

// Errors have a SQLSTATE of class MA.
try
{
    await Row("SELECT msgstore.read_message($1, 999999)", Id(store));
}
catch (PostgresException error)
{
    Console.WriteLine($"error: {error.SqlState}");
}
