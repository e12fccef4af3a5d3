package newsline.node;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One Elasticsearch node in the foreground: {@code NewslineNode HOME MODULES}.
 *
 * <p>Reads {@code HOME/config/elasticsearch.yml}, loads every module under MODULES and runs until SIGTERM, which closes the
 * node in order.
 */
public final class NewslineNode {
    // Longer than a flush of a few shards takes, shorter than `newsline down` waits after SIGTERM.
    private static final long CLOSE_SECONDS = 10;

    private NewslineNode() {}

    public static void main(String[] arguments) {
        try {
            run(Path.of(arguments[0]).toAbsolutePath().normalize(), Path.of(arguments[1]));
        } catch (Throwable error) {
            // The last lines of the log are what a person is shown, so the causes come after the trace.
            error.printStackTrace();
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                System.err.println("Elasticsearch could not start: " + cause);
            }
            // A half-started node leaves threads behind that would keep the process alive.
            Runtime.getRuntime().halt(1);
        }
    }

    private static void run(Path home, Path modules) throws Exception {
        LogConfigurator.configureESLogging();
        Files.createDirectories(home.resolve("logs"));
        Settings settings = Settings.builder()
                .loadFromPath(home.resolve("config").resolve("elasticsearch.yml"))
                .put("path.home", home.toString())
                .build();
        Environment environment = new Environment(settings, home.resolve("config"));
        Files.createDirectories(environment.tmpDir());
        LogConfigurator.setNodeName(Node.NODE_NAME_SETTING.get(settings));
        Node node = new Node(
                environment,
                PluginsLoader.createPluginsLoader(PluginsLoader.loadModulesBundles(modules), Set.of(), Map.of(), false));
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node, closed), "newsline-close"));
        node.start();
        closed.await();
    }

    private static void close(Node node, CountDownLatch closed) {
        try {
            node.prepareForClose();
            node.close();
            if (!node.awaitClose(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("Elasticsearch did not close within " + CLOSE_SECONDS + " s.");
            }
        } catch (Exception error) {
            error.printStackTrace();
        } finally {
            closed.countDown();
        }
    }
}
