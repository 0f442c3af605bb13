import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.*;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.*;
import java.nio.file.*;
import java.security.*;
import java.time.OffsetDateTime;
import java.util.*;
import java.util.concurrent.*;
import java.util.regex.*;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A webhook handler that keeps Gooclaim's rules, with nothing but the JDK (17 or newer).
 *
 *     GOOCLAIM_SIGNING_SECRET=... java Handler.java 3000
 *
 * An event is stored before it is answered and worked on after: a 2xx means "safely stored", and
 * what fails later is tried again here, not by Gooclaim. Your own work goes into `process`.
 */
public class Handler {
    // Several with commas, while a new one replaces an old one.
    static final List<String> SECRETS =
        Pattern.compile("[^,\\s]+")
            .matcher(Objects.requireNonNullElse(System.getenv("GOOCLAIM_SIGNING_SECRET"), ""))
            .results().map(MatchResult::group).toList();
    static final int TOLERANCE = 5 * 60; // seconds that a timestamp may be off, either way
    static final int LARGEST = 1024 * 1024; // bytes of a body
    static final long KEEP = TimeUnit.DAYS.toMillis(7); // how long a processed key is known
    static final Path INBOX = Path.of("inbox");

    /**
     * What your system does with an event.
     *
     * It runs again where it threw or its process died, so it must bear being repeated. Events may
     * come in another order than they happened: `occurred_at` tells.
     */
    static void process(Map<?, ?> event) throws Exception {
        log("processed %s %s", event.get("event_type"), event.get("event_id"));
    }

    /** Types, ids and kinds of errors: never data. */
    static void log(String format, Object... values) {
        System.out.println(String.format(format, values).replaceAll("[^ -~]", "?"));
    }

    // The inbox has a file a key, named after its hash. It holds the event as long as that is to be
    // worked on, and nothing once it was processed: then its time of change says when to forget it.
    // One process owns it. What is in flight when that dies, the next one finds there.

    static final ScheduledThreadPoolExecutor worker = new ScheduledThreadPoolExecutor(1);
    static final Set<Path> failed = ConcurrentHashMap.newKeySet(); // who removes one works on it
    static FileChannel owner;

    /** Claim a key for its event, unless that was done before. A failed one is free again. */
    static void arrive(String key, byte[] body) throws IOException, GeneralSecurityException {
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        byte[] hash = sha256.digest(key.getBytes(StandardCharsets.UTF_8));
        Path file = INBOX.resolve(HexFormat.of().formatHex(hash));
        Path written = Files.createTempFile(INBOX, "arriving", ".tmp"); // readable for us alone
        try (FileOutputStream stream = new FileOutputStream(written.toFile())) {
            stream.write(body);
            stream.getFD().sync();
            Files.createLink(file, written); // whole, or not at all, and only once
            worker.execute(() -> work(file, 1));
            if (File.separatorChar == '/') { // elsewhere, folders cannot be forced to the disk
                try (FileChannel folder = FileChannel.open(INBOX)) {
                    folder.force(true);
                }
            }
        } catch (FileAlreadyExistsException known) {
            if (failed.remove(file)) {
                worker.execute(() -> work(file, 1));
            }
        } finally {
            Files.delete(written);
        }
    }

    static void work(Path file, int attempt) {
        try {
            process((Map<?, ?>) Json.parse(Files.readAllBytes(file)));
            Files.write(file, new byte[0]);
        } catch (Throwable error) { // whatever it is, the event must not be lost
            String kind = error.getClass().getSimpleName();
            log("failed %s, attempt %d: %s", file.getFileName(), attempt, kind);
            failed.add(file);
            worker.schedule(() -> {
                if (failed.remove(file)) {
                    work(file, attempt + 1);
                }
            }, Math.min(1L << Math.min(attempt - 1, 12), 3600), TimeUnit.SECONDS);
        }
    }

    static void forget() {
        try (var files = Files.newDirectoryStream(INBOX)) {
            for (Path file : files) {
                long age = System.currentTimeMillis() - Files.getLastModifiedTime(file).toMillis();
                if (Files.size(file) == 0 && age > KEEP) {
                    Files.delete(file);
                }
            }
        } catch (IOException | DirectoryIteratorException error) {
            log("inbox: %s", error.getClass().getSimpleName());
        }
    }

    static void openInbox() throws IOException {
        Files.createDirectories(INBOX);
        owner = FileChannel.open(
            Path.of("inbox.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (owner.tryLock() == null) {
            throw new IOException("another process owns this inbox");
        }
        try (var files = Files.newDirectoryStream(INBOX)) {
            for (Path file : files) {
                if (file.toString().endsWith(".tmp")) {
                    Files.delete(file);
                } else if (Files.size(file) > 0) {
                    worker.execute(() -> work(file, 1));
                }
            }
        }
        worker.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        worker.scheduleWithFixedDelay(Handler::forget, 0, 1, TimeUnit.HOURS);
    }

    /** Check a delivery and store it. Returns the status to answer. */
    static int receive(Headers headers, byte[] body) throws IOException, GeneralSecurityException {
        String given = Objects.requireNonNullElse(headers.getFirst("X-Gooclaim-Signature"), "");
        boolean matches = false;
        for (String secret : SECRETS) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            byte[] expected = HexFormat.of().formatHex(mac.doFinal(body)).getBytes();
            matches |= MessageDigest.isEqual(expected, given.getBytes()); // in constant time
        }
        String timestamp = headers.getFirst("X-Gooclaim-Timestamp");
        if (!matches || timestamp == null || !timestamp.matches("[0-9]{1,12}")) {
            return 401;
        }
        if (Math.abs(System.currentTimeMillis() / 1000.0 - Long.parseLong(timestamp)) > TOLERANCE) {
            return 401;
        }
        String key = headers.getFirst("X-Gooclaim-Idempotency-Key");
        String type = headers.getFirst("X-Gooclaim-Event");
        Map<?, ?> event = readEvent(body);
        if (event == null || key == null || key.isEmpty()) {
            return 400;
        }
        if (type != null && !type.equals(event.get("event_type"))) {
            return 400;
        }
        arrive(key, body);
        return 202;
    }

    /** The envelope, or null. Members and event types of a later version are no error. */
    static Map<?, ?> readEvent(byte[] body) {
        try {
            Map<?, ?> event = (Map<?, ?>) Json.parse(body);
            OffsetDateTime.parse((String) event.get("occurred_at"));
            boolean whole = event.get("data") instanceof Map;
            for (String name : List.of("event_id", "event_type", "tenant_id")) {
                whole &= event.get(name) instanceof String text && !text.isEmpty();
            }
            return whole ? event : null;
        } catch (CharacterCodingException | RuntimeException error) {
            return null;
        }
    }

    static void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            int status;
            try (InputStream stream = exchange.getRequestBody()) {
                byte[] body = stream.readNBytes(LARGEST + 1); // what was signed: nothing parses it
                stream.transferTo(OutputStream.nullOutputStream()); // who still sends hears nothing
                if (!exchange.getRequestMethod().equals("POST")) {
                    status = 405;
                } else if (body.length > LARGEST) {
                    status = 413;
                } else {
                    status = receive(exchange.getRequestHeaders(), body);
                }
            } catch (Exception error) { // it could not be stored: Gooclaim tries again
                log("refused: %s", error.getClass().getSimpleName());
                status = 500;
            }
            exchange.sendResponseHeaders(status, -1);
        }
    }

    public static void main(String[] arguments) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        System.setProperty("sun.net.httpserver.maxReqTime", "30"); // seconds for a request
        if (SECRETS.isEmpty()) {
            System.err.println("GOOCLAIM_SIGNING_SECRET is not set");
            System.exit(1);
        }
        openInbox();
        int port = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 3000;
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 128);
        server.createContext("/", Handler::handle);
        server.setExecutor(Executors.newFixedThreadPool(32));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.stop(1);
            worker.shutdown(); // finishes what it is at
            try {
                worker.awaitTermination(1, TimeUnit.HOURS);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
        }));
        server.start();
        log("http://127.0.0.1:%d", server.getAddress().getPort());
    }

    /** As much of JSON as the envelope needs. In your project, its library does this. */
    static final class Json {
        static final Pattern LITERAL = Pattern.compile(
            "true|false|null|-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?");
        final String text;
        int at;

        Json(String text) {
            this.text = text;
        }

        static Object parse(byte[] body) throws CharacterCodingException {
            ByteBuffer bytes = ByteBuffer.wrap(body);
            Json json = new Json(StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
            Object value = json.value(0);
            if (json.peek() != 0) {
                throw new IllegalArgumentException();
            }
            return value;
        }

        Object value(int depth) {
            if (depth > 200) {
                throw new IllegalArgumentException();
            }
            if (next('{')) {
                Map<String, Object> members = new LinkedHashMap<>();
                if (!next('}')) {
                    do {
                        String name = string();
                        expect(':');
                        members.put(name, value(depth + 1));
                    } while (next(','));
                    expect('}');
                }
                return members;
            }
            if (next('[')) {
                List<Object> items = new ArrayList<>();
                if (!next(']')) {
                    do {
                        items.add(value(depth + 1));
                    } while (next(','));
                    expect(']');
                }
                return items;
            }
            return peek() == '"' ? string() : literal();
        }

        Object literal() {
            Matcher literal = LITERAL.matcher(text).region(at, text.length());
            if (!literal.lookingAt()) {
                throw new IllegalArgumentException();
            }
            at = literal.end();
            return switch (literal.group()) {
                case "true" -> true;
                case "false" -> false;
                case "null" -> null;
                default -> new BigDecimal(literal.group());
            };
        }

        String string() {
            expect('"');
            StringBuilder value = new StringBuilder();
            while (text.charAt(at) != '"') { // the end of the text throws
                char character = text.charAt(at++);
                if (character < ' ') {
                    throw new IllegalArgumentException();
                }
                value.append(character == '\\' ? escaped(text.charAt(at++)) : character);
            }
            at++;
            return value.toString();
        }

        char escaped(char letter) {
            if (letter == 'u') {
                at += 4;
                return (char) HexFormat.fromHexDigits(text, at - 4, at);
            }
            int known = "\"\\/bfnrt".indexOf(letter);
            if (known < 0) {
                throw new IllegalArgumentException();
            }
            return "\"\\/\b\f\n\r\t".charAt(known);
        }

        /** The next character that is no white space; 0 at the end. */
        char peek() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            return at < text.length() ? text.charAt(at) : 0;
        }

        boolean next(char wanted) {
            boolean found = peek() == wanted;
            at += found ? 1 : 0;
            return found;
        }

        void expect(char wanted) {
            if (!next(wanted)) {
                throw new IllegalArgumentException();
            }
        }
    }
}
