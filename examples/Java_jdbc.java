// msgstore from Java, with JDBC.
// Usage: java -cp postgresql.jar Java_jdbc.java STORE
// Parameters whose type is not text are written with a cast: the driver sends
// strings as text.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Java_jdbc {
    static Connection ms;
    static long store;
    static long message;

    // Run one call; its result has one row.
    static ResultSet row(String sql, Object... values) throws SQLException {
        PreparedStatement call = ms.prepareStatement(sql);
        for (int i = 0; i < values.length; i++)
            call.setObject(i + 1, values[i]);
        ResultSet result = call.executeQuery();
        result.next();
        return result;
    }

    static String save(long number, String changes, String actor)
            throws SQLException {
        return row("SELECT result FROM msgstore.save_message("
                + "?, ?, ?, ?::jsonb, actor => ?)",
                store, message, number, changes, actor).getString(1);
    }

    // An edit that depends on the present text: read, edit, save, and again on a
    // conflict.  The text is edited in JSON; a program would use its JSON library.
    static String append(String line) throws SQLException {
        while (true) {
            ResultSet now = row("SELECT m->>'PidTagChangeNumber',"
                    + " jsonb_build_object('PR_BODY', (m->>'PR_BODY') || ?)"
                    + " FROM msgstore.read_message(?, ?) AS m",
                    line, store, message);
            String result = save(now.getLong(1), now.getString(2), "bob");
            if (!result.equals("MAPI_E_OBJECT_CHANGED"))
                return result;
        }
    }

    static String environment(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null ? otherwise : value;
    }

    public static void main(String[] args) throws Exception {
        ms = DriverManager.getConnection(
                "jdbc:postgresql://" + environment("PGHOST", "localhost") + ":"
                + environment("PGPORT", "5432") + "/"
                + environment("PGDATABASE", "postgres"),
                environment("PGUSER", "postgres"), environment("PGPASSWORD", ""));

        ResultSet r = row("SELECT msgstore.create_store(?)", args[0]);
        store = r.getLong(1);
        r = row("SELECT result, message_id, change_number"
                + " FROM msgstore.save_new_message(?,"
                + " msgstore.special_folder(?, 'Inbox'), ?::jsonb)",
                store, store, "{\"PR_SUBJECT\": \"Printer on fire\","
                + " \"PR_BODY\": \"It smokes.\"}");
        message = r.getLong("message_id");
        long n = r.getLong("change_number");
        System.out.println("created: " + r.getString("result"));

        // Ann saves.  Bob, who read the message before, is refused, and loses nothing.
        System.out.println("ann: " + save(n,
                "{\"PR_SUBJECT\": \"Printer on fire (2nd floor)\"}", "ann"));
        String edits = "{\"PR_IMPORTANCE\": 2}";
        System.out.println("bob: " + save(n, edits, "bob"));

        // The report: both changes, compared with the version that Bob read.
        r = row("SELECT property, theirs, side, coalesce(changed_by, '-')"
                + " FROM msgstore.conflict(?, ?, ?, ?::jsonb)",
                store, message, n, edits);
        do {
            System.out.println("conflict: " + r.getString(1) + " " + r.getString(2)
                    + " " + r.getString(3) + " " + r.getString(4));
        } while (r.next());

        // No property was changed by both, so Bob's edits are merged.
        r = row("SELECT result FROM msgstore.resolve_conflict("
                + "?, ?, ?, ?::jsonb, 'MERGE', actor => 'bob')",
                store, message, n, edits);
        System.out.println("merged: " + r.getString(1));
        System.out.println("appended: " + append(" Fire brigade called."));

        // An attachment, in pieces.  A handle belongs to the session.
        ms.setAutoCommit(false);
        int handle = row("SELECT msgstore.open_message(?, ?, 'MAPI_MODIFY')",
                store, message).getInt(1);
        int attachment = row("SELECT msgstore.create_attachment(?)",
                handle).getInt(1);
        row("SELECT msgstore.set_props(?, ?::jsonb)", attachment,
                "{\"PR_ATTACH_LONG_FILENAME\": \"photo.jpg\","
                + " \"PR_ATTACH_METHOD\": 1}");
        byte[] bytes = "x".repeat(100000).getBytes();
        for (long piece = 0; piece < 3; piece++)
            row("SELECT msgstore.write_stream(?, 'PR_ATTACH_DATA_BIN', ?, ?)",
                    attachment, piece * bytes.length, bytes);
        row("SELECT msgstore.save_changes(?)", attachment);
        System.out.println("attached: "
                + row("SELECT msgstore.save_changes(?)", handle).getString(1));
        System.out.println("bytes: " + row(
                "SELECT msgstore.stream_size(?, 'PR_ATTACH_DATA_BIN')",
                attachment).getLong(1));
        row("SELECT msgstore.close_object(?)", handle);
        ms.commit();
        ms.setAutoCommit(true);

        // Errors have a SQLSTATE of class MA.
        try {
            row("SELECT msgstore.read_message(?, 999999)", store);
        } catch (SQLException error) {
            System.out.println("error: " + error.getSQLState());
        }
        ms.close();
    }
}
