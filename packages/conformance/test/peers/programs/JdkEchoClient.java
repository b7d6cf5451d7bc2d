import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Collectors;

/**
 * An echo client of java.net.http: sends the table of stdin, a line for each message, `text` or `binary` and the base64
 * of its parts. Prints how many have come back, and how the connection was closed.
 *
 *     java JdkEchoClient.java ws://127.0.0.1:9001/
 */
public class JdkEchoClient implements WebSocket.Listener {
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private StringBuilder message = new StringBuilder();

    public static void main(String[] args) throws Exception {
        JdkEchoClient listener = new JdkEchoClient();
        List<String> table = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))
            .lines().collect(Collectors.toList());
        WebSocket socket = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create(args[0]), listener).join();
        int count = 0;
        for (String line : table) {
            String[] words = line.split(" ", -1);
            StringBuilder whole = new StringBuilder();
            for (int index = 1; index < words.length; index++) {
                byte[] part = Base64.getDecoder().decode(words[index]);
                boolean last = index == words.length - 1;
                if (words[0].equals("text")) {
                    String text = new String(part, StandardCharsets.UTF_8);
                    whole.append(text);
                    socket.sendText(text, last).join();
                } else {
                    whole.append(new String(part, StandardCharsets.ISO_8859_1));
                    socket.sendBinary(ByteBuffer.wrap(part), last).join();
                }
            }
            if (!listener.heard.take().equals(words[0] + " " + whole)) {
                System.err.println("message " + count + " has come back as another one");
                System.exit(1);
            }
            count++;
        }
        socket.sendPing(ByteBuffer.wrap("are you there".getBytes(StandardCharsets.US_ASCII))).join();
        System.out.println(count + " messages, " + listener.heard.take());
        socket.sendClose(4001, "enough").join();
        System.out.println(listener.heard.take());
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
        message.append(part);
        if (last) tell("text " + message);
        socket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean last) {
        message.append(StandardCharsets.ISO_8859_1.decode(part));
        if (last) tell("binary " + message);
        socket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onPong(WebSocket socket, ByteBuffer data) {
        tell("pong " + StandardCharsets.US_ASCII.decode(data));
        socket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        tell("close " + code + " " + reason);
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        tell("error " + error);
    }

    private void tell(String what) {
        heard.add(what);
        message = new StringBuilder();
    }
}
