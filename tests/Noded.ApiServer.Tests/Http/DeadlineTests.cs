using System.Text.Json.Nodes;

using Noded.ApiServer.Tests.Hosting;
using Noded.Store;

namespace Noded.ApiServer.Tests.Http;

/// <summary>Requests end when their time is over, whatever the store does.</summary>
public sealed class DeadlineTests
{
    private const string Path = "/api/v1/namespaces/default";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", 50)]
    [InlineData("?timeout=50ms", 60_000)]
    public async Task Request_StoreIsSilent_TimesOut(string query, int milliseconds)
    {
        SilentStore? store = null;
        await using TestApiServer server = await TestApiServer.StartAsync(
            options => options with
            {
                Store = store = new SilentStore(options.Store),
                RequestTimeout = TimeSpan.FromMilliseconds(milliseconds),
                RunsControllers = false,
            },
            null,
            Token);
        using HttpClient admin = server.Admin();
        store!.IsSilent = true;

        using HttpResponseMessage response = await admin.GetAsync(Path + query, Token);
        JsonNode status = JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!;

        Assert.Equal((504, "Timeout"), ((int)response.StatusCode, status["reason"]!.ToString()));
        Assert.Equal(
            "Timeout: request did not complete within requested timeout - context deadline exceeded", status["message"]!.ToString());
    }

    [Fact]
    public async Task Request_TimeThatIsNone_IsRefused()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(Token);
        using HttpClient admin = server.Admin();

        using HttpResponseMessage wrong = await admin.GetAsync($"{Path}?timeout=soon", Token);
        using HttpResponseMessage none = await admin.GetAsync($"{Path}?timeout=0s", Token);

        Assert.Equal((400, 200), ((int)wrong.StatusCode, (int)none.StatusCode));
    }

    /// <summary>A store that, from some moment on, does not answer.</summary>
    private sealed class SilentStore(IStore store) : ForwardingStore(store)
    {
        public bool IsSilent { get; set; }

        public override async Task<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancellationToken)
        {
            if (IsSilent)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }

            return await Inner.RangeAsync(request, cancellationToken);
        }
    }
}
