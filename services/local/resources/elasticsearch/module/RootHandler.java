package newsline.module;

import java.io.IOException;
import java.util.List;
import org.elasticsearch.Build;
import org.elasticsearch.action.admin.cluster.state.ClusterStateResponse;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.index.IndexVersion;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.rest.action.RestResponseListener;
import org.elasticsearch.xcontent.XContentBuilder;

/** {@code GET /} and {@code HEAD /}: who answers here, in the shape that clients and Kibana read. */
final class RootHandler extends BaseRestHandler {
    private static final TimeValue TIMEOUT = TimeValue.timeValueSeconds(30);

    @Override
    public String getName() {
        return "newsline_root";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        String name = client.settings().get("node.name");
        return channel -> client.admin()
                .cluster()
                .prepareState(TIMEOUT)
                .clear()
                .setMetadata(true)
                .execute(new RestResponseListener<>(channel) {
                    @Override
                    public RestResponse buildResponse(ClusterStateResponse response) throws IOException {
                        return new RestResponse(RestStatus.OK, body(channel.newBuilder(), name, response));
                    }
                });
    }

    private static XContentBuilder body(XContentBuilder body, String name, ClusterStateResponse response)
            throws IOException {
        Build build = Build.current();
        return body.prettyPrint()
                .startObject()
                .field("name", name)
                .field("cluster_name", response.getClusterName().value())
                .field("cluster_uuid", response.getState().metadata().clusterUUID())
                .startObject("version")
                .field("number", build.qualifiedVersion())
                .field("build_flavor", build.flavor())
                .field("build_type", build.type().displayName())
                .field("build_hash", build.hash())
                .field("build_date", build.date())
                .field("build_snapshot", build.isSnapshot())
                .field("lucene_version", IndexVersion.current().luceneVersion().toString())
                .field("minimum_wire_compatibility_version", build.minWireCompatVersion())
                .field("minimum_index_compatibility_version", build.minIndexCompatVersion())
                .endObject()
                .field("tagline", "You Know, for Search")
                .endObject();
    }
}
