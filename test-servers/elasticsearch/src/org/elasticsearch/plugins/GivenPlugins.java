package org.elasticsearch.plugins;

import java.util.List;
import java.util.Map;
import java.util.Set;

import org.elasticsearch.Version;
import org.elasticsearch.env.Environment;

/**
 * Plugins that are instances at hand, where Elasticsearch would look into a directory of installed ones.
 *
 * <p>It is in Elasticsearch's package because {@link LoadedPlugin} is private to it.
 */
public final class GivenPlugins extends PluginsService {
    private final List<LoadedPlugin> given;

    public GivenPlugins(Environment environment, List<Plugin> plugins) {
        super(environment.settings(), environment.configDir(), noneInstalled());
        given = plugins.stream().map(GivenPlugins::loaded).toList();
    }

    public static PluginsLoader noneInstalled() {
        return PluginsLoader.createPluginsLoader(Set.of(), Set.of(), Map.of(), false);
    }

    @Override
    protected List<LoadedPlugin> plugins() {
        // the constructor of the superclass asks, too
        return given == null ? List.of() : given;
    }

    private static LoadedPlugin loaded(Plugin plugin) {
        return new LoadedPlugin(describe(plugin.getClass().getName()), plugin, plugin.getClass().getClassLoader());
    }

    private static PluginDescriptor describe(String name) {
        String description = "given as an instance";
        String java = Integer.toString(Runtime.version().feature());
        return new PluginDescriptor(
            name, description, "1", Version.CURRENT.toString(), java, name,
            null, List.of(), false, false, false, false, PluginDescriptor.DeploymentTarget.ALL);
    }
}
