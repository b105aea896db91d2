package org.elasticsearch.node;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.plugins.GivenPlugins;
import org.elasticsearch.plugins.PluginsLoader;
import org.elasticsearch.plugins.PluginsService;
import org.elasticsearch.transport.netty4.Netty4Plugin;

/**
 * A cluster of one node on the loopback interface. Arguments: a directory for its data, the port for HTTP.
 *
 * <p>It is in Elasticsearch's package because {@link NodeServiceProvider} and {@link NodeConstruction} are private to it.
 */
public final class SingleNode {
    private static final String NAME = "test";

    public static void main(String[] arguments) throws Exception {
        Settings settings = settings(Path.of(arguments[0]).toAbsolutePath(), arguments[1]);
        LogConfigurator.registerErrorListener();
        LogConfigurator.configureWithoutConfig(settings);
        LogConfigurator.setNodeName(NAME);
        try {
            start(settings);
            // until SIGTERM: the node's own threads do not keep the process
            Thread.currentThread().join();
        } catch (Throwable failure) {
            failure.printStackTrace();
            // other threads of a half-started node do
            System.exit(1);
        }
    }

    private static Settings settings(Path directory, String port) {
        return Settings.builder()
            .put("path.home", directory.toString())
            .put("cluster.name", NAME)
            .put("node.name", NAME)
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", port)
            // nobody connects to it, but it has to be some free port
            .put("transport.port", "0")
            // mapped files would need the kernel's vm.max_map_count to be raised
            .put("node.store.allow_mmap", false)
            // a disk that is nearly full would make indices read-only
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
    }

    private static void start(Settings settings) throws Exception {
        Path config = Files.createDirectories(Path.of(settings.get("path.home"), "config"));
        Environment environment = new Environment(settings, config);
        Node node = new Node(NodeConstruction.prepareConstruction(environment, GivenPlugins.noneInstalled(), new WithNetty(), true));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (Exception failure) {
            failure.printStackTrace();
        }
    }

    private static final class WithNetty extends NodeServiceProvider {
        @Override
        PluginsService newPluginService(Environment environment, PluginsLoader installed) {
            return new GivenPlugins(environment, List.of(new Netty4Plugin()));
        }
    }
}
